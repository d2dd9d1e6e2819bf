using System.Diagnostics;
using System.Text;

namespace Mesh.Bench;

/// <summary>Runs programs: to their end, or beside us until they are killed (they die with us in any case).</summary>
internal static class Shell
{
    private const int SecondsMax = 90;

    public static string Run(string command, bool mustSucceed = true)
    {
        using var process = Process.Start(Info("timeout", ["--signal=KILL", $"{SecondsMax}", "/bin/bash", "-c", command]))!;
        var errors = new StringBuilder();
        process.ErrorDataReceived += (_, line) => errors.AppendLine(line.Data);
        process.BeginErrorReadLine();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (mustSucceed && process.ExitCode != 0) throw new BenchException($"exit {process.ExitCode}: {command}\n{text}{errors}".Trim());
        return text;
    }

    public static void Feed(string command, string input)
    {
        using var process = Process.Start(Info("/bin/bash", ["-c", command], input: true))!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new BenchException($"exit {process.ExitCode}: {command}\n{error}");
    }

    public static Process Start(string node, string program, string[] arguments, string log, params (string Name, string Value)[] environment)
    {
        // The shell puts the log in its place and becomes the program.
        string[] words = ["netns", "exec", node, "setpriv", "--pdeathsig", "KILL", "/bin/bash", "-c", $"exec \"$0\" \"$@\" >>'{log}' 2>&1 </dev/null", program, .. arguments];
        var info = new ProcessStartInfo("ip", words) { UseShellExecute = false };
        foreach (var (name, value) in environment) info.Environment[name] = value;
        return Process.Start(info)!;
    }

    public static bool Has(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':').Any(folder => File.Exists(Path.Combine(folder, tool)));

    private static ProcessStartInfo Info(string program, string[] arguments, bool input = false) => new(program, arguments)
    {
        UseShellExecute = false,
        RedirectStandardError = true,
        RedirectStandardOutput = true,
        RedirectStandardInput = input,
    };
}
