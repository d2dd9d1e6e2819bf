namespace Mesh.Hbone;

/// <summary>What a CONNECT says; absent fields are null.</summary>
public sealed record ConnectHeaders(string Authority, string? Forwarded, string? Baggage, string? TraceParent, string? ForwardedNetwork = null);
