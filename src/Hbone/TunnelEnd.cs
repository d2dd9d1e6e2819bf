namespace Mesh.Hbone;

/// <summary>How a tunnel ended, with words for the log.</summary>
public readonly record struct TunnelEnd(TunnelEndReason Reason, string Detail);
