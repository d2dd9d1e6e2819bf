using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>Commands and patience.</summary>
internal static class Shell
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static void Run(string command, string? input = null)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", command])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        if (input is not null) process.StandardInput.Write(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{command}: {error}");
    }

    public static bool Has(string tool)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", $"command -v {tool}"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    public static void WaitFor(string what, Func<bool> holds) => WaitFor(() => what, holds);

    /// <summary>With a description that is made when it is needed: of what there is then.</summary>
    public static void WaitFor(Func<string> what, Func<bool> holds)
    {
        var started = Stopwatch.StartNew();
        while (!holds())
        {
            if (started.Elapsed > Patience) throw new TimeoutException($"Waited in vain for {what()}");
            Thread.Sleep(50);
        }
    }

    public static string ReadToEnd(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (socket.Receive(buffer) is > 0 and var read) text.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // A refused connection whose bytes nobody read ends this way.
        }

        return text.ToString();
    }
}
