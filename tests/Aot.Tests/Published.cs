using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Mesh.Aot.Tests;

/// <summary>The published programs and their budgets (perf/budgets.json): what `make publish` made.</summary>
internal static class Published
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", ".."));

    public static string Program(string name)
    {
        var path = Path.Combine(Root, "artifacts/publish", name, name);
        Assert.True(File.Exists(path), $"{path}: not there; run make publish");
        return path;
    }

    public static double Budget(string program, string what) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Root, "perf/budgets.json")))![program]![what]!.GetValue<double>();

    /// <summary>Runs a program that ends by itself within ten seconds.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string program, string input, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
            process.StandardInput.Close();
        }
        catch (IOException) { } // It answered and ended without reading its input, which it may.

        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
