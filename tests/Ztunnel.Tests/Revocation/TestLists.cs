using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mesh.Identity;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Ztunnel.Tests.Revocation;

/// <summary>Revocation lists of an authority, and a folder that changes as a mounted volume does.</summary>
internal static class TestLists
{
    public static string Pem(CertificateIssuer issuer, DateTimeOffset nextUpdate, params BigInteger[] serials)
    {
        using var signer = X509Certificate2.CreateFromPem(issuer.CertificatePem, issuer.PrivateKeyPem);
        var builder = new CertificateRevocationListBuilder();
        foreach (var serial in serials) builder.AddEntry(serial.ToByteArray(isBigEndian: true));
        var der = builder.Build(signer, 1, nextUpdate, HashAlgorithmName.SHA256, thisUpdate: nextUpdate.AddDays(-2));
        return PemEncoding.WriteString("X509 CRL", der) + "\n";
    }

    /// <summary>Writes a new version beside the old one and renames the link to it, as the kubelet does; the file's own link never changes.</summary>
    public static void Swap(string folder, string name, string text)
    {
        var version = Directory.CreateDirectory(Path.Combine(folder, $"..{Environment.TickCount64}-{Random.Shared.Next()}")).FullName;
        File.WriteAllText(Path.Combine(version, name), text);
        var (link, next, file) = (Path.Combine(folder, "..data"), Path.Combine(folder, "..data_tmp"), Path.Combine(folder, name));
        var old = !Path.Exists(link) ? null : Directory.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName;
        Directory.CreateSymbolicLink(next, Path.GetFileName(version));
        Shell.Run($"mv -T '{next}' '{link}'"); // The framework renames no link to a folder.
        if (!Path.Exists(file)) File.CreateSymbolicLink(file, Path.Combine("..data", name));
        if (old is not null) Directory.Delete(old, recursive: true);
    }
}
