using System.Globalization;

namespace Mesh.Namespaced.Tests.Harness;

/// <summary>
/// What the kernel says about a process at one moment. Of the resident set, <paramref name="AnonMib"/> is what the process wrote itself: only
/// that can leak, the rest is code, which comes when it is used and goes when the proxy gives it back.
/// </summary>
internal readonly record struct ProcessSample(double RssMib, double AnonMib, int Descriptors, double CpuSeconds)
{
    private const double TicksPerSecond = 100; // USER_HZ, the same on every Linux a .NET program runs on.

    public static ProcessSample Of(int id)
    {
        var status = File.ReadAllLines($"/proc/{id}/status");
        var stat = File.ReadAllText($"/proc/{id}/stat");
        var cells = stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // The name before may hold anything.
        var ticks = long.Parse(cells[11], CultureInfo.InvariantCulture) + long.Parse(cells[12], CultureInfo.InvariantCulture);
        return new ProcessSample(MibOf(status, "VmRSS:"), MibOf(status, "RssAnon:"), Directory.GetFileSystemEntries($"/proc/{id}/fd").Length, ticks / TicksPerSecond);
    }

    private static double MibOf(string[] status, string what)
    {
        var line = status.First(line => line.StartsWith(what, StringComparison.Ordinal)); // VmRSS:     12345 kB
        return double.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
