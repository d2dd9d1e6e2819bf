namespace Mesh.Xds.Server;

/// <summary>Who the transport proved the client to be.</summary>
public sealed record DeltaPeer(string Namespace, string ServiceAccount);
