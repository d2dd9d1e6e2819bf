using System.Text;
using System.Text.Json.Nodes;
using Mesh.Identity;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Mesh.ControlPlane.Authority;

/// <summary>
/// The signing certificate where it is kept: files that an administrator mounted, else a Secret that the first replica creates. What
/// exists always wins. Stateless.
/// </summary>
internal sealed class RootStore(KubernetesClient client, ControlPlaneOptions options, TimeProvider time, ILogger log)
{
    private const int AttemptsMax = 5;

    private ObjectKey SecretKey => new(options.Mesh.SystemNamespace, AuthorityKeys.SecretName);

    /// <summary>True when an administrator mounted a signing certificate: then we never make or renew one.</summary>
    public bool IsPluggedIn => File.Exists(Path.Combine(options.CaFolder, AuthorityKeys.Certificate))
        || File.Exists(Path.Combine(options.CaFolder, AuthorityKeys.PrivateKey));

    /// <summary>The issuer, or why there is none; creates the Secret when nobody has.</summary>
    public async Task<(CertificateIssuer? Issuer, string? Problem)> LoadOrCreateAsync(CancellationToken stop)
    {
        if (IsPluggedIn) return LoadFiles();
        for (var attempt = 1; ; attempt++)
        {
            var found = await client.TryGetAsync(Secret.Resource, SecretKey, stop);
            if (found.IsSuccess) return Parse(found.Value);
            if (found.Error.Reason != ApiErrorReason.NotFound) return (null, $"cannot read Secret {SecretKey}: {found.Error}");
            var issuer = CertificateIssuer.CreateSelfSigned(options.Mesh.TrustDomain, IssuerKeyKind.Rsa2048, time.GetUtcNow(), options.RootTtl);
            var created = await client.TryCreateAsync(Secret.Resource, ToSecret(issuer), WriteOptions.Default, stop);
            if (created.IsSuccess)
            {
                log.LogInformation("Created the root certificate in Secret {Secret}, valid until {End}.", SecretKey, issuer.NotAfter);
                return (issuer, null);
            }
            issuer.Dispose();
            // Another replica was first: its root is everybody's root.
            if (created.Error.Reason != ApiErrorReason.AlreadyExists || attempt == AttemptsMax)
                return (null, $"cannot create Secret {SecretKey}: {created.Error}");
        }
    }

    /// <summary>Replaces the Secret's certificate by one of the same key; null when another writer was first or the key is not the same.</summary>
    public async Task<CertificateIssuer?> RenewAsync(CertificateIssuer current, CancellationToken stop)
    {
        if (await client.FindAsync(Secret.Resource, SecretKey, stop) is not { } secret) return null;
        var next = CertificateIssuer.CreateSelfSigned(options.Mesh.TrustDomain, IssuerKeyKind.Rsa2048, time.GetUtcNow(), options.RootTtl, current);
        var data = new JsonObject();
        foreach (var (name, bytes) in DataOf(next)) data[name] = Convert.ToBase64String(bytes);
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = secret.Metadata.ResourceVersion },
            ["data"] = data,
        };
        var written = await client.TryPatchAsync(Secret.Resource, SecretKey, PatchKind.Merge, patch, WriteOptions.Default, stop);
        if (written.IsSuccess) return next;
        next.Dispose();
        log.LogWarning("The root certificate was not renewed in Secret {Secret}: {Error}. Trying again later.", SecretKey, written.Error);
        return null;
    }

    private (CertificateIssuer? Issuer, string? Problem) LoadFiles()
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in (ReadOnlySpan<string>)[AuthorityKeys.Certificate, AuthorityKeys.PrivateKey, AuthorityKeys.Chain, AuthorityKeys.Roots])
        {
            try
            {
                texts[name] = File.ReadAllText(Path.Combine(options.CaFolder, name));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return (null, $"{options.CaFolder} holds a signing certificate in part: {name} cannot be read ({e.Message}). Mount all four files or none.");
            }
        }
        var issuer = CertificateIssuer.TryCreate(
            texts[AuthorityKeys.Certificate], texts[AuthorityKeys.PrivateKey], texts[AuthorityKeys.Chain], texts[AuthorityKeys.Roots], out var problem);
        return (issuer, issuer is null ? $"the signing certificate in {options.CaFolder}: {problem}" : null);
    }

    private (CertificateIssuer? Issuer, string? Problem) Parse(Secret secret)
    {
        var certificate = Text(secret, AuthorityKeys.Certificate);
        var roots = Text(secret, AuthorityKeys.Roots);
        var issuer = CertificateIssuer.TryCreate(
            certificate, Text(secret, AuthorityKeys.PrivateKey), Text(secret, AuthorityKeys.Chain), roots.Length == 0 ? certificate : roots, out var problem);
        return (issuer, issuer is null ? $"Secret {SecretKey}: {problem}. Repair it, or delete it to start with a new root." : null);
    }

    private Secret ToSecret(CertificateIssuer issuer) => new()
    {
        Metadata = new ObjectMeta { Name = SecretKey.Name, Namespace = SecretKey.Namespace },
        Type = AuthorityKeys.SecretType,
        Data = DataOf(issuer),
    };

    private static Dictionary<string, byte[]> DataOf(CertificateIssuer issuer) => new(StringComparer.Ordinal)
    {
        [AuthorityKeys.Certificate] = Encoding.ASCII.GetBytes(issuer.CertificatePem),
        [AuthorityKeys.PrivateKey] = Encoding.ASCII.GetBytes(issuer.PrivateKeyPem),
        [AuthorityKeys.Chain] = [],
        [AuthorityKeys.WorkloadKey] = [],
        [AuthorityKeys.Roots] = Encoding.ASCII.GetBytes(issuer.Roots.ToPem()),
    };

    private static string Text(Secret secret, string key) => secret.Data.TryGetValue(key, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";
}
