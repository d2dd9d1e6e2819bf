using Mesh.Ztunnel.Observe;

namespace Mesh.Ztunnel.Outbound;

/// <summary>Why an endpoint was not reached, and whether another one may be tried instead.</summary>
internal readonly record struct OutboundFailure(ResponseFlag Flag, string Text, bool MayRetry = false);
