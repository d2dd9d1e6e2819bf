using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mesh.Linux.Namespaces;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Harness;

/// <summary>A network namespace with a ztunnel process in it: the published one if ZTUNNEL_BIN names it, else the one just built.</summary>
internal sealed class ProxyNode : IDisposable
{
    private const int RememberedLines = 20_000;
    private readonly ConcurrentQueue<string> _lines = new();
    private Process? _process;

    public ProxyNode(string name, string address)
    {
        (Name, Address) = (name, address);
        Shell.Run($"ip netns add {name} && ip -n {name} link set lo up");
        Namespace = NetworkNamespace.Open($"/run/netns/{name}");
    }

    public string Name { get; }

    public string Address { get; }

    public NetworkNamespace Namespace { get; }

    public AccessTotals Access { get; } = new();

    /// <summary>The last lines, oldest first.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    public int ProcessId => _process!.Id;

    public ProcessSample Sample => ProcessSample.Of(ProcessId);

    public MetricsPage Metrics => new(Http(15020, "GET /metrics"));

    public int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    public void Start(Dictionary<string, string> environment)
    {
        var published = Environment.GetEnvironmentVariable("ZTUNNEL_BIN");
        string[] program = string.IsNullOrEmpty(published) ? ["dotnet", BuiltProgram()] : [published];
        _process = StartInside(program, environment);
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Another program in this namespace, with its output redirected; the caller owns it.</summary>
    public Process StartInside(string[] program, Dictionary<string, string>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo("ip", ["netns", "exec", Name, .. program])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = folder ?? "",
        };
        foreach (var (key, value) in environment ?? []) start.Environment[key] = value;
        return Process.Start(start)!;
    }

    /// <summary>Sockets made inside; they stay there whoever uses them.</summary>
    public Socket[] Sockets(int count) => Namespace.Run(() =>
    {
        var made = new Socket[count];
        for (var i = 0; i < count; i++) made[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        return made;
    });

    public Socket Connect(string address, int port)
    {
        var socket = Sockets(1)[0];
        (socket.ReceiveTimeout, socket.SendTimeout) = (20_000, 20_000);
        socket.Connect(IPAddress.Parse(address), port);
        return socket;
    }

    public Socket Listen(string address, int port)
    {
        var socket = Sockets(1)[0];
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        socket.Listen(1024);
        return socket;
    }

    /// <summary>The answer to a plain HTTP request inside the namespace.</summary>
    public string Http(int port, string request)
    {
        using var socket = Connect("127.0.0.1", port);
        socket.Send(System.Text.Encoding.ASCII.GetBytes($"{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
        return Shell.ReadToEnd(socket);
    }

    public void WaitUntilReady() => Shell.WaitFor("the proxy is ready", () =>
    {
        if (ExitCode is { } code) throw new InvalidOperationException($"ztunnel ended with {code}:\n{string.Join('\n', _lines)}");
        try
        {
            return Http(15021, "GET /healthz/ready").Contains("200 OK", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false;
        }
    });

    public void WaitForLine(params string[] parts) => Shell.WaitFor(
        $"a line with {string.Join(", ", parts)}", () => _lines.Any(line => parts.All(part => line.Contains(part, StringComparison.Ordinal))));

    /// <summary>Tunnels that this namespace holds open with others, by the kernel's account.</summary>
    public int Tunnels() => Namespace.Run(static () => File.ReadLines("/proc/thread-self/net/tcp").Concat(File.ReadLines("/proc/thread-self/net/tcp6"))
        .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Count(static cells => cells[3] == "01" && (IsTunnelPort(cells[1]) || IsTunnelPort(cells[2]))));

    public void Terminate() => Shell.Run($"kill -TERM {ProcessId}");

    public void Dispose()
    {
        if (_process is { HasExited: false } running) running.Kill(entireProcessTree: true);
        _process?.Dispose();
        Namespace.Dispose();
        Shell.Run($"ip netns pids {Name} | xargs -r kill -9; ip netns del {Name}");
    }

    /// <summary>Its own folder: here a web framework is referenced, and libraries that this contains are not copied.</summary>
    private static string BuiltProgram()
    {
        var mine = new DirectoryInfo(AppContext.BaseDirectory); // …/tests/Namespaced.Tests/bin/CONFIGURATION/FRAMEWORK
        var root = mine.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        return Path.Combine(root, "src/Ztunnel/bin", mine.Parent!.Name, mine.Name, "ztunnel.dll");
    }

    private static bool IsTunnelPort(string address) => address.EndsWith(":3AA0", StringComparison.Ordinal); // 15008

    private void Keep(string? line)
    {
        if (line is null) return;
        Access.Add(line);
        _lines.Enqueue(line);
        if (_lines.Count > RememberedLines) _lines.TryDequeue(out _);
    }
}
