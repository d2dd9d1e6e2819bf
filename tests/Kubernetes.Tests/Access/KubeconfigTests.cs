using System.Text;
using Mesh.Kubernetes.Access;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Access;

public sealed class KubeconfigTests : IDisposable
{
    private readonly Folder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_current_context_chooses_cluster_user_and_namespace()
    {
        var credentials = Read("""
            apiVersion: v1
            kind: Config
            current-context: shop
            contexts:
            - name: other
              context: {cluster: elsewhere, user: nobody}
            - name: shop
              context: {cluster: here, user: me, namespace: shop}
            clusters:
            - name: here
              cluster: {server: "https://10.0.0.1:6443/gateway/", tls-server-name: api.example, proxy-url: "socks5://127.0.0.1:1080"}
            users:
            - name: me
              user: {token: secret, as: robot, as-groups: [a, b]}
            """);

        Assert.Equal(new Uri("https://10.0.0.1:6443/gateway/"), credentials.Server);
        Assert.Equal(("/gateway", "shop", "api.example"), (credentials.Prefix, credentials.Namespace, credentials.TlsServerName));
        Assert.Equal(new Uri("socks5://127.0.0.1:1080"), credentials.Proxy);
        Assert.Equal("secret", await credentials.Token!.GetAsync(Wait.Stop));
        Assert.Equal("robot", credentials.ImpersonatedUser);
        Assert.Equal(["a", "b"], credentials.ImpersonatedGroups);
    }

    [Fact]
    public void Json_is_yaml_too() => Assert.Equal("https://h/", Read(
        """{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"x","user":""}}],"clusters":[{"name":"x","cluster":{"server":"https://h"}}],"users":null}""")
        .Server.ToString());

    [Fact]
    public void Another_context_can_be_asked_for()
    {
        var file = _folder.Write("config", Config("server: https://a") + "- name: second\n  context: {cluster: two}\n");
        var ex = Assert.Throws<CredentialsException>(() => Credentials.Discover(new CredentialSearch { Kubeconfig = file, Context = "second" }));

        Assert.Contains("'two', which is not among the clusters; there is here", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_files_the_first_that_names_a_thing_wins()
    {
        var first = _folder.Write("first", "contexts:\n- name: c\n  context: {cluster: x, user: u}\nusers:\n- name: u\n  user: {token: one}\n");
        var second = _folder.Write("second", "current-context: c\nclusters:\n- name: x\n  cluster: {server: 'https://h'}\nusers:\n- name: u\n  user: {token: two}\n");
        var search = Search($"{first}:{_folder.File("missing")}:{second}");

        var credentials = Credentials.Discover(search);

        Assert.Equal("one", await credentials.Token!.GetAsync(Wait.Stop));
        Assert.Equal($"context c of {first}, {second}", credentials.Origin);
    }

    [Fact]
    public async Task Paths_are_relative_to_the_file_and_a_token_file_wins_over_a_token()
    {
        var (authority, _) = Certificates.Authority("ca");
        var (certificate, key) = Certificates.Issue(authority, "me");
        Directory.CreateDirectory(_folder.File("pki"));
        _folder.Write("pki/ca.crt", authority.ExportCertificatePem());
        _folder.Write("pki/me.crt", certificate);
        _folder.Write("pki/me.key", key);
        _folder.Write("pki/token", " from-file\n");

        var credentials = Read(Config(
            "server: https://a, certificate-authority: pki/ca.crt",
            "client-certificate: pki/me.crt, client-key: pki/me.key, tokenFile: pki/token, token: old"));

        Assert.Equal("from-file", await credentials.Token!.GetAsync(Wait.Stop));
        Assert.NotNull(credentials.Roots);
        Assert.Equal("CN=me", credentials.ClientCertificate!.Find()!.Subject);
    }

    [Fact]
    public void A_renewed_certificate_file_is_used_and_a_broken_one_is_not()
    {
        var (authority, _) = Certificates.Authority("ca");
        var (certificate, key) = Certificates.Issue(authority, "before");
        _folder.Write("me.crt", certificate);
        _folder.Write("me.key", key);
        var credentials = Read(Config("server: https://a", "client-certificate: me.crt, client-key: me.key"));

        (certificate, key) = Certificates.Issue(authority, "after");
        _folder.Write("me.crt", certificate);
        _folder.Write("me.key", key);
        Assert.Equal("CN=after", credentials.ClientCertificate!.Find()!.Subject);

        _folder.Write("me.crt", certificate[..40]);
        Assert.Equal("CN=after", credentials.ClientCertificate!.Find()!.Subject);
    }

    [Fact]
    public void Data_in_the_file_works_like_files()
    {
        var (authority, _) = Certificates.Authority("ca");
        var (certificate, key) = Certificates.Issue(authority, "me");

        var credentials = Read(Config(
            $"server: https://a, certificate-authority-data: {Base64(authority.ExportCertificatePem())}",
            $"client-certificate-data: {Base64(certificate)}, client-key-data: {Base64(key)}"));

        Assert.Equal("CN=me", credentials.ClientCertificate!.Find()!.Subject);
    }

    [Theory]
    [InlineData("", "is empty or not a map")]
    [InlineData("- a\n- b\n", "is empty or not a map")]
    [InlineData("a: 1\nb: {x: ]\nc: 2\n", ", line 2: ")]
    [InlineData("clusters: []\n", "current-context is not set. Choose one with 'kubectl config use-context NAME'; there is none.")]
    [InlineData("current-context: x\n", "there is no context 'x'; there is none")]
    [InlineData("current-context: x\ncontexts: {}\n", "contexts should be a list")]
    [InlineData("current-context: x\ncontexts:\n- context: {}\n", "contexts[0].name is missing")]
    [InlineData("current-context: x\ncontexts:\n- name: x\n  context: {user: u}\n", "contexts[0].context.cluster is missing")]
    [InlineData("current-context: x\ncontexts: [7]\n", "contexts[0] should be a map")]
    public void A_file_that_is_no_good_says_where(string yaml, string expected) => AssertWrong(yaml, expected);

    [Theory]
    [InlineData("", "clusters[0].cluster.server is missing")]
    [InlineData("server: ''", "clusters[0].cluster.server is missing")]
    [InlineData("server: 10.0.0.1", "clusters[0].cluster.server is '10.0.0.1'; it should be an address such as https://")]
    [InlineData("server: 'ftp://a'", "clusters[0].cluster.server is 'ftp://a'")]
    [InlineData("server: {}", "clusters[0].cluster.server should be a text")]
    [InlineData("server: 'https://a', insecure-skip-tls-verify: true", "insecure-skip-tls-verify is true, so anybody on the path")]
    [InlineData("server: 'https://a', insecure-skip-tls-verify: 7", "insecure-skip-tls-verify is '7'; it should be true or false")]
    [InlineData("server: 'https://a', certificate-authority-data: '%'", "certificate-authority-data is not base64")]
    [InlineData("server: 'https://a', certificate-authority-data: aGVsbG8=", "certificate-authority-data holds no certificate in PEM")]
    [InlineData("server: 'https://a', certificate-authority: nowhere.crt", "certificate-authority cannot be read")]
    [InlineData("server: 'https://a', proxy-url: 'gopher://a'", "proxy-url is 'gopher://a'; it should begin with http://")]
    public void A_cluster_that_is_no_good_says_which_field(string cluster, string expected) => AssertWrong(Config(cluster), expected);

    [Theory]
    [InlineData("auth-provider: {name: gcp}", "users[0].user.auth-provider was removed from Kubernetes in 1.26; use the exec plugin")]
    [InlineData("username: me, password: x", "users[0].user.username asks for basic authentication")]
    [InlineData("tokenFile: nowhere", "users[0].user.tokenFile names")]
    [InlineData("client-certificate-data: aGVsbG8=", "users[0].user.client-key-data is missing, though client-certificate-data is there")]
    [InlineData("client-key-data: aGVsbG8=", "users[0].user.client-certificate-data is missing, though client-key-data is there")]
    [InlineData("client-certificate-data: aGVsbG8=, client-key-data: aGVsbG8=", "client-certificate-data and client-key-data are not a certificate and its key")]
    [InlineData("client-certificate: a, client-key: b", "client-certificate or client-key cannot be read")]
    [InlineData("exec: {command: x}", "users[0].user.exec.apiVersion is missing")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}", "exec.apiVersion is 'client.authentication.k8s.io/v1alpha1'")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1}", "users[0].user.exec.command is missing")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}", "nobody can answer a service's questions")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1, command: x, env: [{value: a}]}", "exec.env[0].name is missing")]
    [InlineData("exec: []", "users[0].user.exec should be a map")]
    public void A_user_that_is_no_good_says_which_field(string user, string expected) => AssertWrong(Config("server: 'https://a'", user), expected);

    [Fact]
    public void An_insecure_cluster_can_be_allowed()
    {
        var file = _folder.Write("config", Config("server: 'https://a', insecure-skip-tls-verify: true"));

        Assert.True(Credentials.Discover(new CredentialSearch { Kubeconfig = file, AllowInsecureTls = true }).AcceptsAnyServer);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var problem = Assert.Throws<CredentialsException>(() => Credentials.Discover(Search(_folder.File("none"))));

        Assert.Contains(_folder.File("none"), problem.Message, StringComparison.Ordinal);
    }

    private void AssertWrong(string yaml, string expected)
    {
        var problem = Assert.Throws<CredentialsException>(() => Read(yaml));

        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.File("config"), problem.Message, StringComparison.Ordinal);
    }

    private Credentials Read(string yaml) => Credentials.Discover(Search(_folder.Write("config", yaml)));

    private static CredentialSearch Search(string kubeconfig) => new() { Variable = name => name == "KUBECONFIG" ? kubeconfig : null };

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Config(string cluster, string user = "") =>
        $"""
        current-context: c
        clusters:
        - name: here
          cluster: {"{" + cluster + "}"}
        users:
        - name: me
          user: {"{" + user + "}"}
        contexts:
        - name: c
          context: {"{cluster: here, user: me}"}

        """;
}
