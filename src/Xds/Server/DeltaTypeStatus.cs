namespace Mesh.Xds.Server;

/// <summary>One resource type of a stream: the last nonce sent, the last acknowledged, the last rejection.</summary>
public sealed record DeltaTypeStatus(string TypeUrl, string Sent, string Acked, string LastError, bool Wildcard);
