namespace Mesh.ControlPlane.Authority;

/// <summary>Where signing material is kept and under which names; the same as Istio's, so that either can take over.</summary>
internal static class AuthorityKeys
{
    public const string SecretName = "istio-ca-secret";
    public const string SecretType = "istio.io/ca-root";
    public const string Certificate = "ca-cert.pem";
    public const string PrivateKey = "ca-key.pem";
    public const string Chain = "cert-chain.pem";
    public const string Roots = "root-cert.pem";
    public const string WorkloadKey = "key.pem";
}
