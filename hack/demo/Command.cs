using System.Diagnostics;
using System.Text;

namespace Mesh.Demo;

/// <summary>Runs programs to their end, with a deadline, and keeps what they printed.</summary>
public static class Command
{
    /// <summary>What a finished program left behind.</summary>
    public sealed record Outcome(int ExitCode, byte[] Output, string Error)
    {
        public bool Succeeded => ExitCode == 0;

        public string Text => Encoding.UTF8.GetString(Output);
    }

    /// <summary>Runs <paramref name="program"/>; past the deadline it is killed and the outcome says so.</summary>
    public static async Task<Outcome> RunAsync(
        string program, IEnumerable<string> arguments, byte[]? input = null, TimeSpan? deadline = null, CancellationToken stop = default)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program}: did not start");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(deadline ?? TimeSpan.FromSeconds(60));
        var output = new MemoryStream();
        var reading = process.StandardOutput.BaseStream.CopyToAsync(output, CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        if (input is not null) await process.StandardInput.BaseStream.WriteAsync(input, stop);
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            return new Outcome(124, output.ToArray(), $"{program} {string.Join(' ', start.ArgumentList)}: no end within its deadline");
        }

        await reading;
        return new Outcome(process.ExitCode, output.ToArray(), await error);
    }
}
