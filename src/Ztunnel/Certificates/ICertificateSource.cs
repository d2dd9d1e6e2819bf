using Mesh.Identity;

namespace Mesh.Ztunnel.Certificates;

/// <summary>Who vouches for identities: the control plane's CA, or a local one for development.</summary>
internal interface ICertificateSource
{
    /// <summary>One attempt; the key is made here and never leaves the process.</summary>
    Task<CertificateResult> IssueAsync(SpiffeId identity, CancellationToken stop);
}
