using System.Text.Json;
using Mesh.Ztunnel.Options;

namespace Mesh.Ztunnel.Admin;

/// <summary>The release and the settings in use, as the dump shows them; secrets are not among them.</summary>
internal static class ConfigPart
{
    public static void Write(Utf8JsonWriter json, ZtunnelOptions options)
    {
        json.WriteStartObject("version");
        json.WriteString("version", options.Version);
        json.WriteString("istioVersion", options.Version);
        json.WriteEndObject();
        json.WriteStartObject("config");
        json.WriteBoolean("proxy", options.ProxyEnabled);
        json.WriteBoolean("dnsProxy", options.DnsEnabled);
        json.WriteString("proxyMode", options.Mode.ToString());
        json.WriteString("localNode", options.NodeName);
        json.WriteString("clusterId", options.ClusterId);
        json.WriteString("clusterDomain", options.ClusterDomain);
        json.WriteString("network", options.Network);
        json.WriteNumber("numWorkerThreads", options.Workers);
        json.WriteString("xdsAddress", options.Xds?.Address.ToString());
        json.WriteBoolean("xdsOnDemand", options.XdsOnDemand);
        json.WriteString("caAddress", options.Ca?.Address.ToString());
        json.WriteBoolean("fakeCa", options.FakeCa);
        json.WriteString("secretTtl", options.SecretTtl.ToString());
        json.WriteNumber("windowSize", options.StreamWindowBytes);
        json.WriteNumber("connectionWindowSize", options.ConnectionWindowBytes);
        json.WriteNumber("frameSize", options.FrameBytesMax);
        json.WriteNumber("poolMaxStreamsPerConn", options.StreamsPerTunnelMax);
        json.WriteString("poolUnusedReleaseTimeout", options.UnusedTunnelRelease.ToString());
        json.WriteString("selfTerminationDeadline", options.DrainDeadline.ToString());
        json.WriteNumber("packetMark", options.PacketMark);
        json.WriteBoolean("inpodPortReuse", options.PortReuse);
        json.WriteString("inpodUds", options.InpodPath);
        json.WriteString("crlPath", options.CrlPath);
        json.WriteBoolean("crlRequired", options.CrlRequired);
        json.WriteBoolean("sslKeyLog", options.KeyLogPath is not null);
        WriteOurs(json, options);
        json.WriteEndObject();
    }

    private static void WriteOurs(Utf8JsonWriter json, ZtunnelOptions options)
    {
        json.WriteStartArray("bypass");
        foreach (var range in options.Bypass.Ranges)
        {
            json.WriteStringValue($"{range.Address}/{range.PrefixLength}:{range.FirstPort}-{range.LastPort}");
        }

        json.WriteEndArray();
        json.WriteNumber("accessLogOneIn", options.AccessLog.OneIn);
        json.WriteNumber("metricSeriesMax", options.MetricSeriesMax);
        json.WriteString("workloadWait", options.WorkloadWait.ToString());
    }
}
