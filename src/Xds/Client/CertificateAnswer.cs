using Mesh.Xds.Grpc;

namespace Mesh.Xds.Client;

/// <summary>How a request for a certificate ended. A closed set.</summary>
public abstract record CertificateAnswer
{
    private CertificateAnswer() { }

    /// <summary>PEM texts: the leaf first, intermediates, the root bundle (one or several roots) last.</summary>
    public sealed record Issued(IReadOnlyList<string> Chain) : CertificateAnswer;

    public sealed record Refused(GrpcStatus Status) : CertificateAnswer;
}
