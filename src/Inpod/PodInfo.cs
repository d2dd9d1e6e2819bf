namespace Mesh.Inpod;

/// <summary>Who a pod is; ztunnel finds its workload by these three.</summary>
public sealed record PodInfo(string Name, string Namespace, string ServiceAccount);
