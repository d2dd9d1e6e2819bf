using System.Text;
using Mesh.Ztunnel.Yaml;

namespace Mesh.Ztunnel.Options;

/// <summary>
/// The mesh-wide proxy configuration (YAML of <c>PROXY_CONFIG</c> over the <c>defaultConfig</c> of a mesh file) as variables. Variables of
/// the process win over it. Keys that do not concern ztunnel are passed over, for other proxies read the same text; but every
/// <c>proxyMetadata</c> is told to the control plane.
/// </summary>
internal static class ProxyConfig
{
    private const string MeshFile = "./etc/istio/config/mesh";
    private const int TextBytesMax = 1024 * 1024;

    /// <summary>Adds what is not among the variables; returns proxyMetadata as it was written.</summary>
    public static Dictionary<string, string> MergeInto(Dictionary<string, string> variables, List<OptionProblem> problems)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        if (File.Exists(MeshFile)) Read(MeshFile, File.ReadAllBytes(MeshFile), settings, metadata, problems, isMeshFile: true);
        if (variables.TryGetValue("PROXY_CONFIG", out var text) && text.Length > 0)
        {
            Read("PROXY_CONFIG", Encoding.UTF8.GetBytes(text), settings, metadata, problems, isMeshFile: false);
        }

        foreach (var (name, value) in settings) variables.TryAdd(name, value);
        return metadata;
    }

    private static void Read(
        string from, byte[] text, Dictionary<string, string> settings, Dictionary<string, string> metadata, List<OptionProblem> problems, bool isMeshFile)
    {
        try
        {
            if (text.Length > TextBytesMax) throw new YamlException(1, $"the text is longer than {TextBytesMax} bytes");
            using var stream = new MemoryStream(text);
            var cursor = new YamlCursor(new YamlReader(stream));
            if (!cursor.Enter(YamlEvent.MappingStart, from)) return;
            if (!isMeshFile)
            {
                ReadSettings(cursor, settings, metadata);
                return;
            }

            while (cursor.NextKey(out var key))
            {
                if (key is "defaultConfig" && cursor.Enter(YamlEvent.MappingStart, "defaultConfig")) ReadSettings(cursor, settings, metadata);
                else cursor.Skip();
            }
        }
        catch (YamlException problem)
        {
            problems.Add(new OptionProblem(from, "", problem.Message));
        }
    }

    private static void ReadSettings(YamlCursor cursor, Dictionary<string, string> settings, Dictionary<string, string> metadata)
    {
        while (cursor.NextKey(out var key))
        {
            switch (key)
            {
                case "discoveryAddress":
                    settings["XDS_ADDRESS"] = settings["CA_ADDRESS"] = cursor.ReadText("discoveryAddress").ToString();
                    break;
                case "proxyAdminPort":
                    settings["proxyAdminPort"] = cursor.ReadText("proxyAdminPort").ToString();
                    break;
                case "statsPort" or "concurrency":
                    var setting = key.ToString();
                    settings[setting] = cursor.ReadText(setting).ToString();
                    break;
                case "proxyMetadata":
                    if (!cursor.Enter(YamlEvent.MappingStart, "proxyMetadata")) break;
                    while (cursor.NextKey(out var variable))
                    {
                        var name = variable.ToString();
                        settings[name] = metadata[name] = cursor.ReadText(name).ToString();
                    }

                    break;
                default:
                    cursor.Skip();
                    break;
            }
        }
    }
}
