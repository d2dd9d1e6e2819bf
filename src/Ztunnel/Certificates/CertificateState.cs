namespace Mesh.Ztunnel.Certificates;

/// <summary>Whether an identity has a certificate.</summary>
internal enum CertificateState
{
    Initializing,
    Available,
    Unavailable,
}
