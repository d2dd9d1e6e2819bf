using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Access;

public sealed class CredentialsTests : IDisposable
{
    private readonly Folder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_pod_uses_its_service_account()
    {
        Mount("one", "shop");

        var credentials = Credentials.Discover(Pod("10.96.0.1", "6443"));

        Assert.Equal(("https://10.96.0.1:6443/", "shop"), (credentials.Server.ToString(), credentials.Namespace));
        Assert.Equal("one", await credentials.Token!.GetAsync(Wait.Stop));
    }

    [Fact]
    public void An_ipv6_server_gets_its_brackets()
    {
        Mount("one", "shop");

        Assert.Equal("https://[fd00::1]/", Credentials.Discover(Pod("fd00::1", "443")).Server.ToString());
    }

    [Theory]
    [InlineData("port", "x", "KUBERNETES_SERVICE_PORT is 'x', not a port")]
    [InlineData("no token", "443", "token does not exist. Set automountServiceAccountToken: true")]
    [InlineData("no authority", "443", "ca.crt cannot be read")]
    [InlineData("empty authority", "443", "holds no certificate")]
    public void A_pod_without_the_usual_is_told_what_is_missing(string what, string port, string expected)
    {
        Mount("one", "shop");
        if (what == "no token") File.Delete(_folder.File("token"));
        if (what == "no authority") File.Delete(_folder.File("ca.crt"));
        if (what == "empty authority") _folder.Write("ca.crt", "");

        var problem = Assert.Throws<CredentialsException>(() => Credentials.Discover(Pod("10.96.0.1", port)));

        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Kubeconfig_in_the_environment_wins_over_the_pod()
    {
        Mount("one", "shop");
        var file = _folder.Write("config", Minimal("https://from-file"));
        var pod = Pod("10.96.0.1", "443");

        var credentials = Credentials.Discover(pod with { Variable = name => name == "KUBECONFIG" ? file : pod.Variable(name) });

        Assert.Equal("https://from-file/", credentials.Server.ToString());
    }

    [Fact]
    public void Outside_a_pod_the_home_folder_is_last()
    {
        Directory.CreateDirectory(_folder.File(".kube"));
        _folder.Write(".kube/config", Minimal("https://from-home"));

        var credentials = Credentials.Discover(new CredentialSearch { Variable = name => name == "HOME" ? _folder.Path : null });

        Assert.Equal("https://from-home/", credentials.Server.ToString());
    }

    [Fact]
    public void Nothing_at_all_says_what_was_looked_at()
    {
        var problem = Assert.Throws<CredentialsException>(
            () => Credentials.Discover(new CredentialSearch { Variable = name => name == "HOME" ? _folder.Path : null }));

        Assert.Contains("KUBECONFIG is not set", problem.Message, StringComparison.Ordinal);
        Assert.Contains($"{_folder.File(".kube/config")} does not exist", problem.Message, StringComparison.Ordinal);
    }

    private void Mount(string token, string space)
    {
        var (authority, _) = Certificates.Authority("ca");
        _folder.Write("ca.crt", authority.ExportCertificatePem());
        _folder.Write("token", token);
        _folder.Write("namespace", space);
    }

    private CredentialSearch Pod(string host, string port) => new()
    {
        ServiceAccountFolder = _folder.Path,
        Variable = name => name switch
        {
            "KUBERNETES_SERVICE_HOST" => host,
            "KUBERNETES_SERVICE_PORT" => port,
            _ => null,
        },
    };

    private static string Minimal(string server) =>
        $"current-context: c\ncontexts:\n- name: c\n  context: {{cluster: x}}\nclusters:\n- name: x\n  cluster: {{server: '{server}'}}\n";
}
