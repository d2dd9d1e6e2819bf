using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mesh.Linux.Namespaces;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>One network namespace with a ztunnel process in it.</summary>
internal sealed class Node : IDisposable
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly string _name;
    private Process? _process;

    public Node(string name, string address)
    {
        _name = name;
        Address = address;
        Shell.Run($"ip netns add {name} && ip -n {name} link set lo up");
        Namespace = NetworkNamespace.Open($"/run/netns/{name}");
    }

    public string Name => _name;

    public string Address { get; }

    public NetworkNamespace Namespace { get; }

    public IReadOnlyCollection<string> Lines => _lines;

    public int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    public void Start(Dictionary<string, string> environment)
    {
        var published = Environment.GetEnvironmentVariable("ZTUNNEL_BIN"); // The program as it ships, if named.
        string[] program = string.IsNullOrEmpty(published) ? ["dotnet", Path.Combine(AppContext.BaseDirectory, "proxy", "ztunnel.dll")] : [published];
        var start = new ProcessStartInfo("ip", ["netns", "exec", _name, .. program])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (key, value) in environment) start.Environment[key] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Socket Connect(string address, int port) => Namespace.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000, SendTimeout = 20_000 };
        socket.Connect(IPAddress.Parse(address), port);
        return socket;
    });

    public Socket Listen(int port) => Namespace.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(Address), port));
        socket.Listen(64);
        return socket;
    });

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
            $"a line with {string.Join(", ", parts)}; there are:\n{string.Join('\n', _lines)}",
            () => (found = _lines.FirstOrDefault(line => parts.All(part => line.Contains(part, StringComparison.Ordinal)))) is not null);
        return found!;
    }

    public void Terminate() => Signal("TERM");

    public void Signal(string name) => Shell.Run($"kill -{name} {_process!.Id}");

    public void Dispose()
    {
        if (_process is { HasExited: false } running) running.Kill(entireProcessTree: true);
        _process?.Dispose();
        Namespace.Dispose();
        Shell.Run($"ip netns del {_name}");
    }

    private void Keep(string? line)
    {
        if (line is not null) _lines.Enqueue(line);
    }
}
