using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Mesh.Kubernetes.Access;

/// <summary>Turns a kubeconfig's cluster, user and context into credentials, or says which field stands in the way.</summary>
internal static class KubeconfigCredentials
{
    public static Credentials From(
        KubeconfigEntry cluster, KubeconfigEntry? user, KubeconfigEntry context, string origin, CredentialSearch search)
    {
        var text = cluster.Required("server");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var server) || server.Scheme is not ("https" or "http"))
            throw cluster.Wrong("server", $"is '{text}'; it should be an address such as https://10.0.0.1:6443");

        var insecure = cluster.Flag("insecure-skip-tls-verify");
        if (insecure && !search.AllowInsecureTls)
        {
            throw cluster.Wrong(
                "insecure-skip-tls-verify",
                "is true, so anybody on the path could read and change everything; "
                + "give certificate-authority-data instead, or allow it explicitly");
        }

        var plugin = user is null ? null : ExecPlugin.TryRead(user, cluster, search.Time);
        return new Credentials(server, origin)
        {
            Namespace = context.Text("namespace"),
            AcceptsAnyServer = insecure,
            Roots = insecure ? null : ReadRoots(cluster),
            TlsServerName = cluster.Text("tls-server-name") is { Length: > 0 } name ? name : null,
            Proxy = ReadProxy(cluster),
            Token = user is null ? null : ReadToken(user, search) ?? plugin,
            ClientCertificate = (user is null ? null : ReadCertificate(user))
                ?? (plugin is null ? null : new ClientCertificate(plugin.FindCertificate)),
            ImpersonatedUser = user?.Text("as") is { Length: > 0 } other ? other : null,
            ImpersonatedGroups = user is null ? [] : [.. user.Texts("as-groups")],
        };
    }

    private static TrustRoots? ReadRoots(KubeconfigEntry cluster)
    {
        var file = cluster.FilePath("certificate-authority");
        var data = cluster.Base64("certificate-authority-data"); // Wins over the file, as in kubectl.
        if (data is null && file is null) return null;
        var field = data is not null ? "certificate-authority-data" : "certificate-authority";
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPem(data is not null ? Encoding.UTF8.GetString(data) : File.ReadAllText(file!));
        }
        catch (CryptographicException problem)
        {
            throw cluster.Wrong(field, $"is not a certificate in PEM: {problem.Message}");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw cluster.Wrong(field, $"cannot be read: {problem.Message}");
        }

        if (roots.Count == 0) throw cluster.Wrong(field, "holds no certificate in PEM");
        return new TrustRoots(roots, data is null ? file : null);
    }

    private static Uri? ReadProxy(KubeconfigEntry cluster)
    {
        if (cluster.Text("proxy-url") is not { Length: > 0 } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var proxy) && proxy.Scheme is "http" or "https" or "socks5") return proxy;
        throw cluster.Wrong("proxy-url", $"is '{text}'; it should begin with http://, https:// or socks5://");
    }

    private static ITokenSource? ReadToken(KubeconfigEntry user, CredentialSearch search)
    {
        if (user.Map("auth-provider") is not null)
        {
            throw user.Wrong(
                "auth-provider", "was removed from Kubernetes in 1.26; use the exec plugin of your provider, as 'kubectl' does now");
        }

        if (user.Text("username") is { Length: > 0 })
        {
            throw user.Wrong(
                "username", "asks for basic authentication, which API servers refuse since 1.19; use a token or a client certificate");
        }

        // The file wins, as in kubectl; the text may be what it held long ago.
        if (user.FilePath("tokenFile") is { } file)
        {
            if (!File.Exists(file)) throw user.Wrong("tokenFile", $"names {file}, which does not exist");
            return new TokenFile(file, search.Time);
        }

        return user.Text("token") is { Length: > 0 } token ? new FixedToken(token) : null;
    }

    private static ClientCertificate? ReadCertificate(KubeconfigEntry user)
    {
        var certificate = Part(user, "client-certificate", out var certificateField);
        var key = Part(user, "client-key", out var keyField);
        if (certificate is null && key is null) return null;
        if (certificate is null) throw user.Wrong("client-certificate-data", $"is missing, though {keyField} is there");
        if (key is null) throw user.Wrong("client-key-data", $"is missing, though {certificateField} is there");
        try
        {
            var first = X509Certificate2.CreateFromPem(certificate(), key());
            var fromFiles = certificateField == "client-certificate" || keyField == "client-key";
            return new ClientCertificate(() => fromFiles ? X509Certificate2.CreateFromPem(certificate(), key()) : first);
        }
        catch (CryptographicException problem)
        {
            throw user.Wrong(certificateField, $"and {keyField} are not a certificate and its key in PEM: {problem.Message}");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw user.Wrong(certificateField, $"or {keyField} cannot be read: {problem.Message}");
        }
    }

    private static Func<string>? Part(KubeconfigEntry user, string field, out string found)
    {
        found = field + "-data";
        if (user.Base64(found) is { } data)
        {
            var text = Encoding.UTF8.GetString(data);
            return () => text;
        }

        found = field;
        return user.FilePath(field) is { } file ? () => File.ReadAllText(file) : null;
    }
}
