using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Mesh.Linux.Namespaces;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>A network namespace with a ztunnel process in it: the published one if ZTUNNEL_BIN names it, else the one just built.</summary>
[SuppressMessage("Performance", "CA1852:Seal internal types", Justification = "The tests of whole nodes, which compile this file too, build on it.")]
internal class Node : IDisposable
{
    private const int RememberedLines = 20_000;
    private readonly ConcurrentQueue<string> _lines = new();
    private Process? _process;

    public Node(string name, string address)
    {
        (Name, Address) = (name, address);
        Shell.Run($"ip netns add {name} && ip -n {name} link set lo up");
        Namespace = NetworkNamespace.Open($"/run/netns/{name}");
    }

    public string Name { get; }

    public string Address { get; }

    public NetworkNamespace Namespace { get; }

    /// <summary>The last lines, oldest first.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    public int ProcessId => _process!.Id;

    public int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    /// <summary>The proxy, by way of a program that starts another one if given.</summary>
    public void Start(Dictionary<string, string> environment, params string[] by)
    {
        var published = Environment.GetEnvironmentVariable("ZTUNNEL_BIN");
        _process = StartInside(string.IsNullOrEmpty(published) ? [.. by, "dotnet", BuiltProgram] : [.. by, published], environment);
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Another program in this namespace, with its output redirected; the caller owns it.</summary>
    public Process StartInside(string[] program, Dictionary<string, string>? environment = null, string? folder = null)
    {
        // Whoever runs the tests in the background has them ignore SIGINT, and programs would inherit that.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "ip", "netns", "exec", Name, .. program])
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

    public Socket Listen(int port) => Listen(Address, port);

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

    public string WaitForLine(params string[] parts)
    {
        string? found = null;
        Shell.WaitFor(
            () => $"a line with {string.Join(", ", parts)}; there are:\n{string.Join('\n', _lines)}",
            () => (found = _lines.FirstOrDefault(line => parts.All(part => line.Contains(part, StringComparison.Ordinal)))) is not null);
        return found!;
    }

    public void Terminate() => Signal("TERM");

    public void Signal(string name) => Shell.Run($"kill -{name} {ProcessId}");

    public void Dispose()
    {
        if (_process is { HasExited: false } running) running.Kill(entireProcessTree: true);
        _process?.Dispose();
        Namespace.Dispose();
        Shell.Run($"ip netns pids {Name} | xargs -r kill -9; ip netns del {Name}");
    }

    /// <summary>Where the build put the program.</summary>
    protected virtual string BuiltProgram => Path.Combine(AppContext.BaseDirectory, "proxy", "ztunnel.dll");

    /// <summary>A line that the program wrote. Any thread.</summary>
    protected virtual void Heard(string line)
    {
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        Heard(line);
        _lines.Enqueue(line);
        if (_lines.Count > RememberedLines) _lines.TryDequeue(out _);
    }
}
