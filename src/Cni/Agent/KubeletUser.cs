using System.Globalization;

namespace Mesh.Cni.Agent;

/// <summary>The user kubelet runs as, by its process.</summary>
internal static class KubeletUser
{
    private static readonly string[] Names = ["kubelet", "kubelite", "k3s", "k3s-server", "k3s-agent", "k0s"];

    /// <summary>Null when no process looks like kubelet.</summary>
    public static uint? Find(string proc)
    {
        foreach (var folder in Directory.EnumerateDirectories(proc))
        {
            if (!char.IsAsciiDigit(Path.GetFileName(folder)[0])) continue;
            try
            {
                if (!Names.Contains(File.ReadAllText($"{folder}/comm").Trim())) continue;
                foreach (var line in File.ReadLines($"{folder}/status"))
                {
                    if (!line.StartsWith("Uid:", StringComparison.Ordinal)) continue;
                    var ids = line["Uid:".Length..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
                    return uint.Parse(ids[1], CultureInfo.InvariantCulture); // The effective one.
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended while we looked.
            }
        }

        return null;
    }
}
