namespace Mesh.Ztunnel.Options;

/// <summary>Whom a dedicated proxy serves.</summary>
internal sealed record WorkloadInfo(string Namespace, string Name, string ServiceAccount);
