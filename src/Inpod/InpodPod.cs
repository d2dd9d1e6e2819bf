using Mesh.Linux.Namespaces;

namespace Mesh.Inpod;

/// <summary>A pod as the agent's snapshot names it; the namespace is lent, and null when it has not been found again.</summary>
public sealed record InpodPod(string Uid, PodInfo Info, NetworkNamespace? Namespace);
