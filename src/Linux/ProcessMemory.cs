using System.Globalization;
using Mesh.Linux.Interop;

namespace Mesh.Linux;

/// <summary>What this process keeps in memory. Any thread.</summary>
public static unsafe class ProcessMemory
{
    private const string MapsFile = "/proc/self/maps";

    /// <summary>
    /// Unmaps the pages of code that only the start needed: code is never written, so whatever is needed again comes back from the page cache
    /// at its next use. Best effort; a mapping that the kernel refuses stays as it is.
    /// </summary>
    public static void ReleaseCode()
    {
        foreach (var line in File.ReadLines(MapsFile))
        {
            // 55d0-55e0 r-xp 00000000 fe:01 1234 /path
            var dash = line.IndexOf('-', StringComparison.Ordinal);
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (dash < 0 || space < dash || !line.AsSpan(space + 1).StartsWith("r-xp") || !line.Contains('/', StringComparison.Ordinal)) continue;
            if (!nuint.TryParse(line.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var start)) continue;
            if (!nuint.TryParse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var end)) continue;
            _ = Libc.madvise((void*)start, end - start, Libc.MADV_DONTNEED);
        }
    }
}
