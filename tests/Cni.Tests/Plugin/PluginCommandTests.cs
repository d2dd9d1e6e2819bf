using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Mesh.Cni.Plugin;

namespace Mesh.Cni.Tests.Plugin;

public sealed class PluginCommandTests : IDisposable
{
    private const string Previous = """{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","sandbox":"/var/run/netns/x"}],"ips":[{"interface":0,"address":"10.0.0.5/24","gateway":"10.0.0.1"},{"address":"fd00::5/64"}],"dns":{},"odd":[1,2.50,"é"]}""";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cni-plugin");
    private readonly List<string> _requests = [];

    [Theory]
    [InlineData("0.3.1")]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    [InlineData("1.1.0")]
    public void A_pod_the_agent_lets_pass_gets_the_result_before_ours_unchanged(string version)
    {
        using var agent = Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var (code, output) = Add(Config(version, Previous));
        Assert.Equal((0, Previous), (code, output));
        var body = JsonNode.Parse(_requests.Single()[(_requests.Single().IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])!;
        Assert.StartsWith("POST /cmdadd HTTP/1.1\r\n", _requests.Single(), StringComparison.Ordinal);
        Assert.Equal(("/var/run/netns/x", "web-1", "shop"), ((string?)body["Netns"], (string?)body["PodName"], (string?)body["PodNamespace"]));
        Assert.Equal("10.0.0.5", (string?)body["IPs"]![0]!["Address"]!["IP"]);
        Assert.Equal("////AA==", (string?)body["IPs"]![0]!["Address"]!["Mask"]);
        Assert.Equal("10.0.0.1", (string?)body["IPs"]![0]!["Gateway"]);
        Assert.Equal("fd00::5", (string?)body["IPs"]![1]!["Address"]!["IP"]);
        Assert.Equal("1234-uid", (string?)body["PodUID"]);
    }

    [Fact]
    public void A_refusal_of_the_agent_is_an_error_that_says_why()
    {
        using var agent = Answer("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 22\r\n\r\nztunnel: not connected");
        var (code, output) = Add(Config("1.0.0", Previous));
        Assert.Equal(1, code);
        var error = JsonNode.Parse(output)!;
        Assert.Equal(("1.0.0", 11), ((string?)error["cniVersion"], (int)error["code"]!));
        Assert.Contains("shop/web-1", (string?)error["msg"], StringComparison.Ordinal);
        Assert.Equal("ztunnel: not connected", (string?)error["details"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Len")]
    [InlineData("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nhalf")]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n")]
    public void An_agent_that_dies_within_its_answer_counts_as_none(string answer)
    {
        using var agent = Answer(answer);
        var (code, output) = Add(Config("1.0.0", Previous));
        Assert.Equal(1, code);
        Assert.Contains("waits for the mesh's node agent", output, StringComparison.Ordinal);
        Assert.Contains($"run '{_folder.FullName}/mesh-cni uninstall' on the node", output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_agent_that_hangs_is_given_up_in_five_seconds()
    {
        using var agent = Answer(answer: null);
        var started = System.Diagnostics.Stopwatch.StartNew();
        var (code, output) = Add(Config("1.0.0", Previous));
        Assert.Equal(1, code);
        Assert.InRange(started.Elapsed.TotalSeconds, 4.5, 7);
        Assert.Contains("did not answer within 5 s", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain", 0)]
    [InlineData("shop", 1)]
    [InlineData("unheard-of", 1)]
    public void Without_an_agent_only_a_namespace_certainly_outside_the_mesh_passes(string space, int expected)
    {
        File.WriteAllBytes(PluginHints.PathBeside(_folder.FullName), new PluginHints(new HashSet<string> { "plain" }, IsUninstalled: false).Write());
        Assert.Equal(expected, Add(Config("1.0.0", Previous), space: space).Code);
    }

    [Fact]
    public void Without_agent_and_hints_a_pod_waits_but_ours_excluded_ones_and_strangers_pass()
    {
        var config = Config("1.0.0", Previous);
        Assert.Equal(1, Add(config).Code);
        Assert.Equal(0, Add(config, space: "kube-system", name: "dns").Code);
        Assert.Equal(0, Add(config, space: "mesh-system", name: "mesh-cni-abcde").Code);
        Assert.Equal(1, Add(config, space: "mesh-system", name: "other").Code);
        Assert.Equal(1, Add(config, space: "mesh-system-2", name: "mesh-cni-abcde").Code);
        Assert.Equal(0, Run("ADD", config, args: "").Code); // Not a pod of Kubernetes.
        File.WriteAllText(PluginHints.PathBeside(_folder.FullName), "{ broken");
        Assert.Equal(1, Add(config).Code);
        File.WriteAllBytes(PluginHints.PathBeside(_folder.FullName), new PluginHints(new HashSet<string>(), IsUninstalled: true).Write());
        Assert.Equal((0, Previous), Add(config));
    }

    [Fact]
    public void Without_a_result_before_ours_the_answer_is_an_empty_one()
    {
        using var agent = Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal((0, """{"cniVersion":"1.0.0"}"""), Add(Config("1.0.0", previous: null)));
    }

    [Fact]
    public void A_huge_result_before_ours_passes_whole()
    {
        using var agent = Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var huge = $$"""{"cniVersion":"1.0.0","ips":[],"blob":"{{new string('x', 1_000_000)}}"}""";
        Assert.Equal((0, huge), Add(Config("1.0.0", huge)));
    }

    [Theory]
    [InlineData("DEL")]
    [InlineData("CHECK")]
    [InlineData("GC")]
    [InlineData("STATUS")]
    public void The_other_verbs_succeed_without_agent_and_without_input(string verb) => Assert.Equal((0, ""), Run(verb, ""));

    [Fact]
    public void Version_names_what_is_supported()
    {
        var (code, output) = Run("VERSION", """{"cniVersion":"1.0.0"}""");
        Assert.Equal(0, code);
        Assert.Contains("1.1.0", JsonNode.Parse(output)!["supportedVersions"]!.AsArray().Select(v => (string?)v));
    }

    [Theory]
    [InlineData("ADD", "{", 6)]
    [InlineData("ADD", "[]", 6)]
    [InlineData("ADD", "", 6)]
    [InlineData("FROB", "{}", 4)]
    public void Nonsense_is_an_error_in_the_words_of_the_specification(string verb, string input, int expected)
    {
        var (code, output) = Run(verb, input);
        Assert.Equal(1, code);
        Assert.Equal(expected, (int)JsonNode.Parse(output)!["code"]!);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Config(string version, string? previous) =>
        $$"""{"cniVersion":"{{version}}","name":"net","type":"mesh-cni","cni_agent_run_dir":"{{_folder.FullName}}","exclude_namespaces":["kube-system"],"own_pods":["mesh-system/mesh-cni-"]{{(previous is null ? "" : ",\"prevResult\":" + previous)}}}""";

    private (int Code, string Output) Add(string config, string space = "shop", string name = "web-1") =>
        Run("ADD", config, $"IgnoreUnknown=1;K8S_POD_NAMESPACE={space};K8S_POD_NAME={name};K8S_POD_UID=1234-uid;K8S_POD_INFRA_CONTAINER_ID=c");

    private (int Code, string Output) Run(string verb, string input, string? args = null)
    {
        var variables = new Dictionary<string, string?>
        {
            ["CNI_COMMAND"] = verb,
            ["CNI_NETNS"] = "/var/run/netns/x",
            ["CNI_IFNAME"] = "eth0",
            ["CNI_CONTAINERID"] = "c",
            ["CNI_ARGS"] = args,
        };
        using var output = new StringWriter();
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(input));
        var code = new PluginCommand(variables.GetValueOrDefault, stream, output, _folder.FullName, TimeProvider.System).Run();
        return (code, output.ToString());
    }

    /// <summary>An agent for one request: null never answers.</summary>
    private Socket Answer(string? answer)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder.FullName, PluginConfig.SocketName)));
        listener.Listen(1);
        new Thread(() =>
        {
            try
            {
                using var client = listener.Accept();
                var buffer = new byte[2 * 1024 * 1024];
                var length = 0;
                while (!IsWhole(Encoding.UTF8.GetString(buffer, 0, length))) length += client.Receive(buffer, length, buffer.Length - length, SocketFlags.None);
                _requests.Add(Encoding.UTF8.GetString(buffer, 0, length));
                if (answer is not null) client.Send(Encoding.UTF8.GetBytes(answer));
                else client.Receive(buffer); // Until the plugin gives up.
            }
            catch (SocketException)
            {
                // The test is over.
            }
        })
        { IsBackground = true }.Start();
        return listener;
    }

    private static bool IsWhole(string request)
    {
        var end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return false;
        var length = request[..end].Split("\r\n").Single(l => l.StartsWith("Content-Length:", StringComparison.Ordinal))["Content-Length:".Length..];
        return Encoding.UTF8.GetByteCount(request[(end + 4)..]) >= int.Parse(length);
    }
}
