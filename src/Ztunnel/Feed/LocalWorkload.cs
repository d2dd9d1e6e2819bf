using System.Collections.Immutable;
using System.Net;
using Mesh.Model;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Yaml;

namespace Mesh.Ztunnel.Feed;

/// <summary>One workload of the local configuration.</summary>
internal sealed class LocalWorkload(StringPool strings)
{
    public Workload Read(YamlCursor from)
    {
        var workload = new Draft();
        while (from.NextKey(out var key))
        {
            if (!ReadName(from, key, workload) && !ReadConduct(from, key, workload)) throw from.Problem($"unknown key {key} in a workload");
        }

        if (workload.Name.Length == 0 || workload.Namespace.Length == 0) throw from.Problem("a workload needs a name and a namespace");
        return Build(workload);
    }

    private bool ReadName(YamlCursor from, ReadOnlySpan<char> key, Draft workload)
    {
        switch (key)
        {
            case "uid": workload.Uid = from.ReadText("uid").ToString(); break;
            case "name": workload.Name = from.ReadText("name").ToString(); break;
            case "namespace": workload.Namespace = Shared(from, "namespace"); break;
            case "trustDomain": workload.TrustDomain = Shared(from, "trustDomain"); break;
            case "serviceAccount": workload.ServiceAccount = Shared(from, "serviceAccount"); break;
            case "network": workload.Network = Shared(from, "network"); break;
            case "hostname": workload.Hostname = Shared(from, "hostname"); break;
            case "node": workload.Node = Shared(from, "node"); break;
            case "clusterId": workload.ClusterId = Shared(from, "clusterId"); break;
            case "canonicalName": workload.CanonicalName = Shared(from, "canonicalName"); break;
            case "canonicalRevision": workload.CanonicalRevision = Shared(from, "canonicalRevision"); break;
            case "workloadName": workload.WorkloadName = Shared(from, "workloadName"); break;
            case "workloadIps": workload.Addresses = ReadAddresses(from); break;
            default: return false;
        }

        return true;
    }

    private bool ReadConduct(YamlCursor from, ReadOnlySpan<char> key, Draft workload)
    {
        switch (key)
        {
            case "protocol": workload.Protocol = ReadProtocol(from); break;
            case "networkMode": workload.NetworkMode = ReadNetworkMode(from); break;
            case "nativeTunnel": workload.NativeTunnel = from.ReadFlag("nativeTunnel"); break;
            case "waypoint": workload.Waypoint = LocalConfig.ReadGateway(from, "waypoint"); break;
            case "networkGateway": workload.NetworkGateway = LocalConfig.ReadGateway(from, "networkGateway"); break;
            case "applicationTunnel": workload.ApplicationTunnel = ReadApplicationTunnel(from); break;
            case "workloadType": workload.Kind = ReadKind(from); break;
            case "status": workload.Status = ReadStatus(from); break;
            case "locality": workload.Locality = ReadLocality(from); break;
            case "capacity": workload.Capacity = from.ReadNumber("capacity"); break;
            case "authorizationPolicies": workload.Policies = ReadTexts(from, "authorizationPolicies"); break;
            case "services": workload.Services = ReadServices(from); break;
            default: return false;
        }

        return true;
    }

    private static Workload Build(Draft draft) => new()
    {
        Uid = draft.Uid.Length > 0 ? draft.Uid : $"local//Pod/{draft.Namespace}/{draft.Name}",
        Name = draft.Name,
        Namespace = draft.Namespace,
        TrustDomain = draft.TrustDomain.Length > 0 ? draft.TrustDomain : "cluster.local",
        ServiceAccount = draft.ServiceAccount.Length > 0 ? draft.ServiceAccount : "default",
        Network = draft.Network,
        Addresses = draft.Addresses,
        Hostname = draft.Hostname,
        Protocol = draft.Protocol,
        NetworkMode = draft.NetworkMode,
        NativeTunnel = draft.NativeTunnel,
        Waypoint = draft.Waypoint,
        NetworkGateway = draft.NetworkGateway,
        ApplicationTunnel = draft.ApplicationTunnel,
        Node = draft.Node,
        ClusterId = draft.ClusterId.Length > 0 ? draft.ClusterId : "Kubernetes",
        CanonicalName = draft.CanonicalName,
        CanonicalRevision = draft.CanonicalRevision,
        WorkloadName = draft.WorkloadName,
        Kind = draft.Kind,
        Status = draft.Status,
        Locality = draft.Locality,
        Capacity = draft.Capacity,
        AuthorizationPolicies = draft.Policies,
        Services = draft.Services,
    };

    private static TunnelProtocol ReadProtocol(YamlCursor from) => from.ReadText("protocol") switch
    {
        "HBONE" => TunnelProtocol.Hbone,
        "TCP" or "NONE" => TunnelProtocol.None,
        var other => throw from.Problem($"protocol {other} is neither HBONE nor TCP"),
    };

    private static NetworkMode ReadNetworkMode(YamlCursor from) => from.ReadText("networkMode") switch
    {
        "Standard" => NetworkMode.Standard,
        "HostNetwork" => NetworkMode.HostNetwork,
        var other => throw from.Problem($"networkMode {other} is neither Standard nor HostNetwork"),
    };

    private static HealthStatus ReadStatus(YamlCursor from) => from.ReadText("status") switch
    {
        "Healthy" => HealthStatus.Healthy,
        "Unhealthy" => HealthStatus.Unhealthy,
        var other => throw from.Problem($"status {other} is neither Healthy nor Unhealthy"),
    };

    private static ApplicationTunnelProtocol ReadTunnelProtocol(YamlCursor from) => from.ReadText("protocol") switch
    {
        "PROXY" => ApplicationTunnelProtocol.Proxy,
        "NONE" => ApplicationTunnelProtocol.None,
        var other => throw from.Problem($"protocol {other} of an applicationTunnel is neither PROXY nor NONE"),
    };

    private static WorkloadKind ReadKind(YamlCursor from) => from.ReadText("workloadType") switch
    {
        "deployment" or "Deployment" => WorkloadKind.Deployment,
        "cronjob" or "CronJob" => WorkloadKind.CronJob,
        "pod" or "Pod" => WorkloadKind.Pod,
        "job" or "Job" => WorkloadKind.Job,
        var other => throw from.Problem($"workloadType {other} is none of deployment, cronjob, pod, job"),
    };

    private static ImmutableArray<IPAddress> ReadAddresses(YamlCursor from)
    {
        if (!from.Enter(YamlEvent.SequenceStart, "workloadIps")) return [];
        ImmutableArray<IPAddress> addresses = [];
        while (from.NextText("workloadIps")) addresses = addresses.Add(from.ToAddress(from.Text, "workloadIps"));
        return addresses;
    }

    private static ImmutableArray<string> ReadTexts(YamlCursor from, string what)
    {
        if (!from.Enter(YamlEvent.SequenceStart, what)) return [];
        var texts = ImmutableArray.CreateBuilder<string>();
        while (from.NextText(what)) texts.Add(from.Text.ToString());
        return texts.DrainToImmutable();
    }

    private static ImmutableArray<WorkloadService> ReadServices(YamlCursor from)
    {
        if (!from.Enter(YamlEvent.MappingStart, "services")) return [];
        ImmutableArray<WorkloadService> services = [];
        while (from.NextKey(out var key))
        {
            var name = LocalConfig.ReadHostname(from, key);
            services = services.Add(new WorkloadService(name, LocalService.ReadPorts(from)));
        }

        return services;
    }

    private static ApplicationTunnel ReadApplicationTunnel(YamlCursor from)
    {
        var protocol = ApplicationTunnelProtocol.None;
        ushort port = 0;
        if (!from.Enter(YamlEvent.MappingStart, "applicationTunnel")) return new ApplicationTunnel(protocol, port);
        while (from.NextKey(out var key))
        {
            switch (key)
            {
                case "protocol":
                    protocol = ReadTunnelProtocol(from);
                    break;
                case "port":
                    port = from.ReadPort("port");
                    break;
                default:
                    throw from.Problem($"unknown key {key} in applicationTunnel");
            }
        }

        return new ApplicationTunnel(protocol, port);
    }

    private Locality ReadLocality(YamlCursor from)
    {
        var (region, zone, subzone) = ("", "", "");
        if (!from.Enter(YamlEvent.MappingStart, "locality")) return Locality.Unknown;
        while (from.NextKey(out var key))
        {
            switch (key)
            {
                case "region": region = Shared(from, "region"); break;
                case "zone": zone = Shared(from, "zone"); break;
                case "subzone": subzone = Shared(from, "subzone"); break;
                default: throw from.Problem($"unknown key {key} in locality");
            }
        }

        return new Locality(region, zone, subzone);
    }

    private string Shared(YamlCursor from, string what) => strings.Share(from.ReadText(what));

    /// <summary>A workload half read.</summary>
    private sealed class Draft
    {
        public string Uid = "";
        public string Name = "";
        public string Namespace = "";
        public string TrustDomain = "";
        public string ServiceAccount = "";
        public string Network = "";
        public string Hostname = "";
        public string Node = "";
        public string ClusterId = "";
        public string CanonicalName = "";
        public string CanonicalRevision = "";
        public string WorkloadName = "";
        public ImmutableArray<IPAddress> Addresses = [];
        public TunnelProtocol Protocol;
        public NetworkMode NetworkMode;
        public bool NativeTunnel;
        public GatewayAddress? Waypoint;
        public GatewayAddress? NetworkGateway;
        public ApplicationTunnel? ApplicationTunnel;
        public WorkloadKind Kind;
        public HealthStatus Status;
        public Locality Locality = Locality.Unknown;
        public uint Capacity = 1;
        public ImmutableArray<string> Policies = [];
        public ImmutableArray<WorkloadService> Services = [];
    }
}
