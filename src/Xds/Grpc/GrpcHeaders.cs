using Mesh.Xds.Client;

namespace Mesh.Xds.Grpc;

/// <summary>What every call to the control plane carries beside its messages.</summary>
internal readonly record struct GrpcHeaders(
    Func<CancellationToken, ValueTask<string?>> Token, string ClusterId, IReadOnlyList<KeyValuePair<string, string>> Extra)
{
    public GrpcHeaders(DeltaClientOptions options) : this(options.Token, options.ClusterId, options.Headers) { }

    public GrpcHeaders(CertificateClientOptions options) : this(options.Token, options.ClusterId, options.Headers) { }
}
