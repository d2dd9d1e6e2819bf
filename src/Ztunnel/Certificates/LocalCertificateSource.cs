using Mesh.Identity;

namespace Mesh.Ztunnel.Certificates;

/// <summary>Signs by itself, for development and tests: whoever has the key is everybody.</summary>
internal sealed class LocalCertificateSource(CertificateIssuer issuer, TimeSpan lifetime, TimeProvider time) : ICertificateSource
{
    public Task<CertificateResult> IssueAsync(SpiffeId identity, CancellationToken stop)
    {
        using var request = SigningRequest.Create(identity);
        var issued = issuer.Issue(request.Pem, identity, time.GetUtcNow(), lifetime);
        if (issued.Problem is not null) return Task.FromResult(CertificateResult.Failed(issued.Problem));
        var svid = request.TryComplete(issued.ChainPem, out var problem);
        return Task.FromResult(svid is null ? CertificateResult.Failed(problem!) : new CertificateResult(svid, issuer.Roots, null));
    }
}
