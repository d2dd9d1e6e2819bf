namespace Mesh.Xds.Grpc;

/// <summary>What reading the next message gave.</summary>
internal enum GrpcRead
{
    Message,
    /// <summary>The peer closed its side between two messages.</summary>
    End,
    TooLarge,
    /// <summary>Compressed, cut off or not gRPC.</summary>
    Malformed,
}
