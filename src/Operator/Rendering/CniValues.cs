namespace Mesh.Operator.Rendering;

/// <summary>What the templates know about the CNI agent.</summary>
internal sealed record CniValues(string BinDir, string ConfDir, string NetnsDir, PodValues Pod);
