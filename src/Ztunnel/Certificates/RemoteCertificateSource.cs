using Mesh.Identity;
using Mesh.Xds.Client;

namespace Mesh.Ztunnel.Certificates;

/// <summary>Asks the control plane's certificate service.</summary>
internal sealed class RemoteCertificateSource(CertificateClient client, TimeSpan lifetime, bool impersonates) : ICertificateSource
{
    public async Task<CertificateResult> IssueAsync(SpiffeId identity, CancellationToken stop)
    {
        using var request = SigningRequest.Create(identity);
        var answer = await client.CreateAsync(request.Pem, lifetime, impersonates ? identity.ToString() : null, stop);
        if (answer is not CertificateAnswer.Issued { Chain: var chain }) return CertificateResult.Failed(Explain(answer));
        if (TrustBundle.TryParse(chain[^1], out var problem) is not { } roots) return CertificateResult.Failed($"the CA's root is unusable: {problem}");
        var text = string.Join('\n', chain.Take(chain.Count - 1));
        var svid = request.TryComplete(text, out problem);
        return svid is null ? CertificateResult.Failed($"the CA's answer is unusable: {problem}") : new CertificateResult(svid, roots, null);
    }

    private static string Explain(CertificateAnswer answer) =>
        answer is CertificateAnswer.Refused { Status: var status } ? $"the CA refused: {status}" : "the CA gave no certificate";
}
