using System.Text;
using Mesh.Model;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Yaml;

namespace Mesh.Ztunnel.Feed;

/// <summary>The mesh from a local YAML file instead of a control plane; strict: an unknown key is an error. Read once at the start.</summary>
internal static class LocalConfig
{
    /// <summary>Loads into the builder; throws <see cref="YamlException"/> with the line of the first mistake.</summary>
    public static void Load(Stream yaml, MeshSnapshotBuilder into)
    {
        var cursor = new YamlCursor(new YamlReader(yaml));
        if (!cursor.Enter(YamlEvent.MappingStart, "the configuration")) return;
        while (cursor.NextKey(out var key))
        {
            switch (key)
            {
                case "workloads":
                    LoadWorkloads(cursor, into);
                    break;
                case "services":
                    Each(cursor, "services", c => into.Set(LocalService.Read(c)));
                    break;
                case "policies":
                    Each(cursor, "policies", c => into.Set(LocalPolicy.Read(c)));
                    break;
                default:
                    throw cursor.Problem($"unknown key {key}; workloads, services and policies are known");
            }
        }
    }

    public static void Load(string yaml, MeshSnapshotBuilder into)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(yaml));
        Load(stream, into);
    }

    internal static GatewayAddress ReadGateway(YamlCursor cursor, string what)
    {
        if (!cursor.Enter(YamlEvent.MappingStart, what)) throw cursor.Problem($"{what} must be a mapping");
        NamespacedHostname? hostname = null;
        NetworkAddress? address = null;
        ushort port = 15008;
        while (cursor.NextKey(out var key))
        {
            switch (key)
            {
                case "destination":
                    var text = cursor.ReadText("destination");
                    var slash = text.IndexOf('/');
                    if (slash < 0) throw cursor.Problem("a destination is network/ip or namespace/hostname");
                    if (Ip.TryParse(text[(slash + 1)..], out var ip)) address = new NetworkAddress(text[..slash].ToString(), ip.ToIPAddress());
                    else hostname = new NamespacedHostname(text[..slash].ToString(), text[(slash + 1)..].ToString());
                    break;
                case "hboneMtlsPort":
                    port = cursor.ReadPort("hboneMtlsPort");
                    break;
                default:
                    throw cursor.Problem($"unknown key {key} in {what}");
            }
        }

        return hostname is null && address is null ? throw cursor.Problem($"{what} needs a destination") : new GatewayAddress(hostname, address, port);
    }

    internal static NamespacedHostname ReadHostname(YamlCursor cursor, ReadOnlySpan<char> text)
    {
        var slash = text.IndexOf('/');
        return slash > 0
            ? new NamespacedHostname(text[..slash].ToString(), text[(slash + 1)..].ToString())
            : throw cursor.Problem("a service is namespace/hostname");
    }

    private static void LoadWorkloads(YamlCursor cursor, MeshSnapshotBuilder into)
    {
        if (!cursor.Enter(YamlEvent.SequenceStart, "workloads")) return;
        var reader = new LocalWorkload(into.Strings);
        while (NextItem(cursor, "workloads")) into.Set(reader.Read(cursor));
    }

    private static void Each(YamlCursor cursor, string what, Action<YamlCursor> read)
    {
        if (!cursor.Enter(YamlEvent.SequenceStart, what)) return;
        while (NextItem(cursor, what)) read(cursor);
    }

    /// <summary>Enters the next mapping of the list; false at its end.</summary>
    internal static bool NextItem(YamlCursor cursor, string what) => cursor.Read() switch
    {
        YamlEvent.MappingStart => true,
        YamlEvent.SequenceEnd => false,
        _ => throw cursor.Problem($"{what} must be mappings"),
    };
}
