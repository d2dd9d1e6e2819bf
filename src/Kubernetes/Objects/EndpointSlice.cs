using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>Some of the endpoints of a service. A 1.20 server has only the v1beta1 form; both read into this record.</summary>
public sealed record EndpointSlice : IKubernetesObject
{
    public static readonly ResourceType<EndpointSlice> Resource =
        new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", namespaced: true, KubernetesJson.Default.EndpointSlice);

    /// <summary>The older form: node and zone are entries of <c>topology</c>.</summary>
    public static readonly ResourceType<EndpointSlice> ResourceV1Beta1 =
        new("discovery.k8s.io", "v1beta1", "endpointslices", "EndpointSlice", namespaced: true, KubernetesJson.Default.EndpointSlice);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string AddressType { get => field ?? ""; init; }
    public IReadOnlyList<Endpoint> Endpoints { get => field ?? []; init => field = Frozen.List(value); }
    public IReadOnlyList<EndpointPort> Ports { get => field ?? []; init => field = Frozen.List(value); }

    [JsonIgnore]
    public string ServiceName => Metadata.Labels.Find("kubernetes.io/service-name") ?? "";
}
