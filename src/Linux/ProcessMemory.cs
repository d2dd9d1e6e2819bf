using System.Globalization;
using Mesh.Linux.Interop;

namespace Mesh.Linux;

/// <summary>What this process keeps in memory. Any thread.</summary>
public static unsafe class ProcessMemory
{
    private const string MappingsFile = "/proc/self/smaps";

    /// <summary>
    /// Unmaps the pages of code and constants that are not in use: nobody writes them, so whatever is needed again comes back from the page
    /// cache at its next use, for a soft fault each. Best effort; a mapping that the kernel refuses stays as it is.
    /// </summary>
    public static void ReleaseCode()
    {
        var unwritable = false;
        nuint start = 0, end = 0;
        foreach (var line in File.ReadLines(MappingsFile))
        {
            if (TryReadMapping(line, out var from, out var to))
            {
                // 55d0-55e0 r-xp 00000000 fe:01 1234 /path
                (start, end, unwritable) = (from, to, line.Contains(" r-xp ", StringComparison.Ordinal) || line.Contains(" r--p ", StringComparison.Ordinal));
                unwritable &= line.Contains('/', StringComparison.Ordinal);
            }
            else if (unwritable && line.StartsWith("Anonymous:", StringComparison.Ordinal))
            {
                // Addresses that the loader filled in before it took the right to write away exist nowhere else: those pages must stay.
                if (line.EndsWith(" 0 kB", StringComparison.Ordinal)) _ = Libc.madvise((void*)start, end - start, Libc.MADV_DONTNEED);
                unwritable = false;
            }
        }
    }

    private static bool TryReadMapping(string line, out nuint start, out nuint end)
    {
        (start, end) = (0, 0);
        var dash = line.IndexOf('-', StringComparison.Ordinal);
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        return dash > 0 && space > dash
            && nuint.TryParse(line.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out start)
            && nuint.TryParse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out end);
    }
}
