namespace Mesh.Operator.Api;

/// <summary>A ConfigMap of the node namespace that holds certificate revocation lists, and the key they are under.</summary>
internal sealed record CrlRef
{
    public string Name { get => field ?? ""; init; }

    public string Key { get => field ?? "ca-crl.pem"; init; }
}
