namespace Mesh.Identity;

/// <summary>Keys a self-signed root may have.</summary>
public enum IssuerKeyKind
{
    Ec256,
    Rsa2048,
    Rsa4096,
}
