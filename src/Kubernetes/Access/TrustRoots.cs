using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mesh.Kubernetes.Access;

/// <summary>
/// The certificate authorities that vouch for the API server. A file is read again for every handshake (they are rare), so
/// a rotated authority needs no restart; an unreadable file leaves the last good roots in force. Thread-safe.
/// </summary>
internal sealed class TrustRoots
{
    private readonly string? _file;
    private X509Certificate2Collection _roots;

    public TrustRoots(X509Certificate2Collection roots, string? file = null)
    {
        _roots = roots;
        _file = file;
    }

    public bool Trusts(X509Certificate? peer, X509Chain? chain, SslPolicyErrors errors)
    {
        const SslPolicyErrors judgedHere = SslPolicyErrors.RemoteCertificateChainErrors;
        if (peer is not X509Certificate2 certificate || (errors & ~judgedHere) != SslPolicyErrors.None) return false;
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.DisableCertificateDownloads = true;
        own.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1")); // Server authentication.
        own.ChainPolicy.CustomTrustStore.AddRange(Current());
        foreach (var element in chain?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            own.ChainPolicy.ExtraStore.Add(element.Certificate);
        return own.Build(certificate);
    }

    private X509Certificate2Collection Current()
    {
        if (_file is null) return _roots;
        try
        {
            var fresh = new X509Certificate2Collection();
            fresh.ImportFromPem(File.ReadAllText(_file));
            if (fresh.Count > 0) Volatile.Write(ref _roots, fresh);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or CryptographicException)
        {
            // Half-written during a rotation: the next handshake reads it again.
        }

        return Volatile.Read(ref _roots);
    }
}
