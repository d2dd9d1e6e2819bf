using System.Collections.Immutable;
using System.Net;
using Mesh.Model;

namespace Mesh.Xds.Wire;

/// <summary>A workload while its fields arrive in any order.</summary>
internal struct WorkloadDraft()
{
    public string Uid = "";
    public string Name = "";
    public string Namespace = "";
    public string TrustDomain = "cluster.local";
    public string ServiceAccount = "default";
    public string Network = "";
    public ImmutableArray<IPAddress> Addresses = [];
    public string Hostname = "";
    public TunnelProtocol Protocol;
    public NetworkMode NetworkMode;
    public bool NativeTunnel;
    public GatewayAddress? Waypoint;
    public GatewayAddress? NetworkGateway;
    public ApplicationTunnel? ApplicationTunnel;
    public string Node = "";
    public string ClusterId = "Kubernetes";
    public string CanonicalName = "";
    public string CanonicalRevision = "";
    public string WorkloadName = "";
    public WorkloadKind Kind;
    public HealthStatus Status;
    public Locality Locality = Locality.Unknown;
    public uint Capacity = 1;
    public bool HasPolicies;
    public bool HasServices;
    public ImmutableArray<string> Policies = [];
    public ImmutableArray<WorkloadService> Services = [];

    public readonly Workload Build() => new()
    {
        Uid = Uid,
        Name = Name,
        Namespace = Namespace,
        TrustDomain = TrustDomain,
        ServiceAccount = ServiceAccount,
        Network = Network,
        Addresses = Addresses,
        Hostname = Hostname,
        Protocol = Protocol,
        NetworkMode = NetworkMode,
        NativeTunnel = NativeTunnel,
        Waypoint = Waypoint,
        NetworkGateway = NetworkGateway,
        ApplicationTunnel = ApplicationTunnel,
        Node = Node,
        ClusterId = ClusterId,
        CanonicalName = CanonicalName,
        CanonicalRevision = CanonicalRevision,
        WorkloadName = WorkloadName,
        Kind = Kind,
        Status = Status,
        Locality = Locality,
        Capacity = Capacity,
        AuthorizationPolicies = Policies,
        Services = Services,
    };
}
