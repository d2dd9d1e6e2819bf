namespace Mesh.Hbone;

/// <summary>What asking for a stream came to.</summary>
public readonly record struct TunnelConnected(TunnelStream? Stream, TunnelFailure Failure, int Status, string Detail)
{
    public bool IsOpen => Stream is not null;

    internal static TunnelConnected Open(TunnelStream stream) => new(stream, TunnelFailure.None, stream.Status, "");
    internal static TunnelConnected Failed(TunnelFailure failure, string detail, int status = 0) => new(null, failure, status, detail);
}
