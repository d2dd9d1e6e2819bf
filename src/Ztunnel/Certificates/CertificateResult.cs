using Mesh.Identity;

namespace Mesh.Ztunnel.Certificates;

/// <summary>A certificate with its roots, or why there is none.</summary>
internal sealed record CertificateResult(Svid? Svid, TrustBundle? Roots, string? Problem)
{
    public static CertificateResult Failed(string problem) => new(null, null, problem);
}
