namespace Mesh.Kubernetes.Objects;

/// <summary>One of a pod's addresses.</summary>
public sealed record PodIp
{
    public string Ip { get => field ?? ""; init; }
}
