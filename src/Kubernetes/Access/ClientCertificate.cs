using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mesh.Kubernetes.Access;

/// <summary>
/// The certificate we show the API server. Files are read again for each handshake, so a renewed certificate needs no
/// restart; an exec plugin may replace it too. Thread-safe.
/// </summary>
internal sealed class ClientCertificate(Func<X509Certificate2?> load)
{
    private X509Certificate2? _current;

    public X509Certificate2? Find()
    {
        try
        {
            if (load() is { } fresh) Volatile.Write(ref _current, fresh);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or CryptographicException)
        {
            // Half-written during a renewal: the last good pair stays in force.
        }

        return Volatile.Read(ref _current);
    }
}
