using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Harness;

/// <summary>A node whose proxy is watched from outside: what it costs, what it counts, what its access log adds up to.</summary>
internal sealed class ProxyNode(string name, string address) : Node(name, address)
{
    public AccessTotals Access { get; } = new();

    public ProcessSample Sample => ProcessSample.Of(ProcessId);

    public MetricsPage Metrics => new(Http(15020, "GET /metrics"));

    /// <summary>Tunnels that this namespace holds open with others, by the kernel's account.</summary>
    public int Tunnels() => Namespace.Run(static () => File.ReadLines("/proc/thread-self/net/tcp").Concat(File.ReadLines("/proc/thread-self/net/tcp6"))
        .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Count(static cells => cells[3] == "01" && (IsTunnelPort(cells[1]) || IsTunnelPort(cells[2]))));

    /// <summary>Its own folder: here a web framework is referenced, and libraries that this contains are not copied.</summary>
    protected override string BuiltProgram
    {
        get
        {
            var mine = new DirectoryInfo(AppContext.BaseDirectory); // …/tests/Namespaced.Tests/bin/CONFIGURATION/FRAMEWORK
            var root = mine.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
            return Path.Combine(root, "src/Ztunnel/bin", mine.Parent!.Name, mine.Name, "ztunnel.dll");
        }
    }

    protected override void Heard(string line) => Access.Add(line);

    private static bool IsTunnelPort(string address) => address.EndsWith(":3AA0", StringComparison.Ordinal); // 15008
}
