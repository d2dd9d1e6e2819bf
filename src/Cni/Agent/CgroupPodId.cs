namespace Mesh.Cni.Agent;

/// <summary>Which pod a process belongs to, by the paths of its control groups. Pure.</summary>
internal static class CgroupPodId
{
    private const int HexDigits = 32;
    private const string Marker = "pod";

    /// <summary>The pod's UID as 32 hex digits; null when the file names no pod, or more than one, which no container's does.</summary>
    public static string? Find(string cgroupFile)
    {
        string? found = null;
        foreach (var line in cgroupFile.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var path = line[(line.LastIndexOf(':') + 1)..];
            var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
            // The last segment is the container: a process right under the pod's own group is nobody's container.
            for (var i = 0; i < segments.Length - 1; i++)
            {
                if (Read(segments[i]) is not { } id) continue;
                if (found is not null && found != id) return null;
                found = id;
            }
        }

        return found;
    }

    /// <summary>A UID in the form that <see cref="Find"/> gives.</summary>
    public static string Normalise(string uid) => uid.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>Reads "pod1234-…", "kubepods-burstable-pod1234_….slice", "pod" with 32 bare digits.</summary>
    private static string? Read(string segment)
    {
        var at = segment.LastIndexOf(Marker, StringComparison.Ordinal);
        if (at < 0 || (at > 0 && segment[at - 1] != '-')) return null;
        Span<char> digits = stackalloc char[HexDigits];
        var count = 0;
        foreach (var c in segment.AsSpan(at + Marker.Length))
        {
            if (c is '-' or '_') continue;
            if (!char.IsAsciiHexDigit(c)) return count == HexDigits && c == '.' ? new string(digits) : null;
            if (count == HexDigits) return null;
            digits[count++] = char.ToLowerInvariant(c);
        }

        return count == HexDigits ? new string(digits) : null;
    }
}
