using System.Text.Json.Nodes;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Access;

public sealed class ExecPluginTests : IDisposable
{
    private readonly Folder _folder = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_token_is_kept_until_shortly_before_it_expires()
    {
        var credentials = Plugin("""
            echo x >> "$DIR/runs"; n=$(wc -l < "$DIR/runs")
            printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%s","expirationTimestamp":"2026-01-01T00:0%s:00Z"}}' $n $((n * 2))
            """);

        Assert.Equal("t1", await credentials.Token!.GetAsync(Wait.Stop));
        _time.Advance(TimeSpan.FromSeconds(109));
        Assert.Equal("t1", await credentials.Token.GetAsync(Wait.Stop));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("t2", await credentials.Token.GetAsync(Wait.Stop));
    }

    [Fact]
    public async Task A_refused_token_runs_the_plugin_again()
    {
        var credentials = Plugin("""
            echo x >> "$DIR/runs"; n=$(wc -l < "$DIR/runs")
            printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%s"}}' $n
            """);

        Assert.Equal("t1", await credentials.Token!.GetAsync(Wait.Stop));
        Assert.True(await credentials.Token.TryRenewAsync("t1", Wait.Stop));
        Assert.Equal("t2", await credentials.Token.GetAsync(Wait.Stop));
        Assert.True(await credentials.Token.TryRenewAsync("t1", Wait.Stop)); // Somebody else renewed it meanwhile: no third run.
        Assert.Equal("t2", await credentials.Token.GetAsync(Wait.Stop));
    }

    [Fact]
    public async Task The_plugin_is_told_about_the_cluster_and_gets_its_arguments_and_variables()
    {
        var credentials = Plugin(
            """
            printf '%s' "$KUBERNETES_EXEC_INFO" > "$DIR/info"
            printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s-%s"}}' "$1" "$EXTRA"
            """,
            ", provideClusterInfo: true, args: [first], env: [{name: EXTRA, value: more}, {name: DIR, value: 'DIRECTORY'}]");

        Assert.Equal("first-more", await credentials.Token!.GetAsync(Wait.Stop));
        var info = JsonNode.Parse(await File.ReadAllTextAsync(_folder.File("info"), Wait.Stop))!;
        Assert.Equal("client.authentication.k8s.io/v1", (string?)info["apiVersion"]);
        Assert.Equal("https://a", (string?)info["spec"]!["cluster"]!["server"]);
        Assert.False((bool)info["spec"]!["interactive"]!);
    }

    [Fact]
    public async Task A_certificate_can_come_from_the_plugin()
    {
        var (authority, _) = Certificates.Authority("ca");
        var (certificate, key) = Certificates.Issue(authority, "me");
        _folder.Write("answer", new JsonObject
        {
            ["apiVersion"] = "client.authentication.k8s.io/v1",
            ["kind"] = "ExecCredential",
            ["status"] = new JsonObject { ["clientCertificateData"] = certificate, ["clientKeyData"] = key },
        }.ToJsonString());
        var credentials = Plugin("cat \"$DIR/answer\"");

        Assert.Null(await credentials.Token!.GetAsync(Wait.Stop));
        Assert.Equal("CN=me", credentials.ClientCertificate!.Find()!.Subject);
    }

    [Theory]
    [InlineData("echo no luck >&2; exit 3", "ended with 3: no luck")]
    [InlineData("echo hello", "is not a credential")]
    [InlineData("echo '{}'", "did not print an ExecCredential with a status")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'""", "printed neither a token nor a certificate")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"x"}}'""", "answered in client.authentication.k8s.io/v1beta1")]
    public async Task A_plugin_that_fails_is_named_with_its_reason(string script, string expected)
    {
        var credentials = Plugin(script, ", installHint: get it from the shop, env: [{name: DIR, value: DIRECTORY}]");

        var problem = await Assert.ThrowsAsync<CredentialsException>(async () => await credentials.Token!.GetAsync(Wait.Stop));

        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.File("plugin"), problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plugin_that_is_not_installed_gives_its_hint()
    {
        var credentials = Read("exec: {apiVersion: client.authentication.k8s.io/v1, command: ./missing, installHint: get it from the shop}");

        var problem = await Assert.ThrowsAsync<CredentialsException>(async () => await credentials.Token!.GetAsync(Wait.Stop));

        Assert.Contains("cannot be run", problem.Message, StringComparison.Ordinal);
        Assert.EndsWith("get it from the shop", problem.Message, StringComparison.Ordinal);
    }

    private Credentials Plugin(string script, string more = ", env: [{name: DIR, value: 'DIRECTORY'}]")
    {
        var path = _folder.Write("plugin", "#!/bin/sh\n" + script + "\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return Read("exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin" + more.Replace("DIRECTORY", _folder.Path, StringComparison.Ordinal) + "}");
    }

    private Credentials Read(string user)
    {
        var file = _folder.Write("config", $$"""
            current-context: c
            clusters: [{name: here, cluster: {server: 'https://a'} } ]
            users: [{name: me, user: { {{user}} } } ]
            contexts: [{name: c, context: {cluster: here, user: me} }]
            """);
        return Credentials.Discover(new CredentialSearch { Kubeconfig = file, Time = _time });
    }
}
