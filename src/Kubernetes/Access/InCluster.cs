using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mesh.Kubernetes.Access;

/// <summary>The way in that every pod is given.</summary>
internal static class InCluster
{
    public static Credentials Read(CredentialSearch search)
    {
        var host = search.Variable("KUBERNETES_SERVICE_HOST") ?? "";
        var port = search.Variable("KUBERNETES_SERVICE_PORT") is { Length: > 0 } text ? text : "443";
        if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw new CredentialsException(
                $"KUBERNETES_SERVICE_PORT is '{port}', not a port. The kubelet sets it; do not override it in the pod.");
        }

        if (IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6) host = $"[{host}]";
        if (!Uri.TryCreate($"https://{host}:{number}", UriKind.Absolute, out var server))
        {
            throw new CredentialsException(
                $"KUBERNETES_SERVICE_HOST is '{host}', not an address. The kubelet sets it; do not override it in the pod.");
        }


        var folder = search.ServiceAccountFolder;
        var authority = Path.Combine(folder, "ca.crt");
        var token = Path.Combine(folder, "token");
        if (!File.Exists(token))
        {
            throw new CredentialsException(
                $"This is a pod, but {token} does not exist. Set automountServiceAccountToken: true on the pod or its service account, "
                + "or set KUBECONFIG.");
        }

        var space = Path.Combine(folder, "namespace");
        return new Credentials(server, $"the service account in {folder}")
        {
            Namespace = File.Exists(space) ? File.ReadAllText(space).Trim() : null,
            Token = new TokenFile(token, search.Time),
            Roots = new TrustRoots(ReadRoots(authority), authority),
        };
    }

    private static X509Certificate2Collection ReadRoots(string file)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPem(File.ReadAllText(file));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CredentialsException($"The cluster's certificate authority {file} cannot be read: {problem.Message}", problem);
        }

        if (roots.Count == 0) throw new CredentialsException($"{file} holds no certificate; the ConfigMap kube-root-ca.crt fills it.");
        return roots;
    }
}
