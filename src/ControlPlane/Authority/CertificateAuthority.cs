using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Mesh.Identity;

namespace Mesh.ControlPlane.Authority;

/// <summary>The current signer, for all: swapped as a whole on renewal. Any thread.</summary>
internal sealed class CertificateAuthority(ControlPlaneOptions options, TimeProvider time)
{
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(2);
    private Signer? _current;

    public CertificateIssuer? Issuer => Volatile.Read(ref _current)?.Issuer;

    public DateTimeOffset? RootExpiry => Issuer?.NotAfter;

    /// <summary>All roots, as PEM: what clients must trust.</summary>
    public string RootsPem => Volatile.Read(ref _current)?.RootsPem ?? "";

    /// <summary>The certificate our own port shows; null before there is a signer.</summary>
    public X509Certificate2? ServingCertificate => Volatile.Read(ref _current)?.Serving;

    /// <summary>That certificate with the intermediates above it, for clients that know the root alone.</summary>
    public SslStreamCertificateContext? ServingChain => Volatile.Read(ref _current)?.Chain;

    /// <summary>Takes a signer over. The old one is left to the collector: a call in flight may still sign with it.</summary>
    public void Use(CertificateIssuer issuer)
    {
        var serving = Authority.ServingCertificate.Issue(issuer, options, time.GetUtcNow());
        var above = new X509Certificate2Collection();
        foreach (var pem in issuer.IntermediatesPem) above.Add(X509Certificate2.CreateFromPem(pem));
        var chain = SslStreamCertificateContext.Create(serving, above, offline: true);
        Volatile.Write(ref _current, new Signer(issuer, PemOf(issuer.Roots), serving, chain));
    }

    /// <summary>True when the current certificate is the same one.</summary>
    public bool IsCurrent(CertificateIssuer issuer) => Issuer?.CertificatePem == issuer.CertificatePem && Issuer.Roots.Equals(issuer.Roots);

    /// <summary>The chain as it is sent: the leaf, intermediates, all roots in one text. The lifetime is already within bounds.</summary>
    public (IReadOnlyList<string>? Chain, string? Problem) Issue(string requestPem, SpiffeId id, TimeSpan lifetime)
    {
        if (Volatile.Read(ref _current) is not { } signer) return (null, "the authority is not ready");
        var issued = signer.Issuer.Issue(requestPem, id, time.GetUtcNow(), lifetime);
        return issued.LeafPem is null ? (null, issued.Problem) : ([issued.LeafPem, .. issued.IntermediatesPem, signer.RootsPem], null);
    }

    /// <summary>True in the last fifth of the signer's life.</summary>
    public bool IsRenewalDue()
    {
        if (Issuer is not { } issuer) return false;
        var life = issuer.NotAfter - issuer.NotBefore - ClockSkew;
        return time.GetUtcNow() >= issuer.NotAfter - (life * 0.2);
    }

    private static string PemOf(TrustBundle roots) =>
        string.Concat(roots.Roots.Select(root => System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", root.Span) + "\n"));

    private sealed record Signer(CertificateIssuer Issuer, string RootsPem, X509Certificate2 Serving, SslStreamCertificateContext Chain);
}
