using System.Globalization;

namespace Mesh.Namespaced.Tests.Harness;

/// <summary>What the kernel says about a process at one moment.</summary>
internal readonly record struct ProcessSample(double RssMib, int Descriptors, double CpuSeconds)
{
    private const double TicksPerSecond = 100; // USER_HZ, the same on every Linux a .NET program runs on.

    public static ProcessSample Of(int id)
    {
        var rss = File.ReadLines($"/proc/{id}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        var kib = double.Parse(rss.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
        var stat = File.ReadAllText($"/proc/{id}/stat");
        var cells = stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // The name before may hold anything.
        var ticks = long.Parse(cells[11], CultureInfo.InvariantCulture) + long.Parse(cells[12], CultureInfo.InvariantCulture);
        return new ProcessSample(kib / 1024, Directory.GetFileSystemEntries($"/proc/{id}/fd").Length, ticks / TicksPerSecond);
    }
}
