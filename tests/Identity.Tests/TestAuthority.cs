namespace Mesh.Identity.Tests;

internal static class TestAuthority
{
    public static readonly DateTimeOffset Now = new(2026, 8, 1, 12, 0, 0, TimeSpan.Zero);

    public static CertificateIssuer Create(IssuerKeyKind kind = IssuerKeyKind.Ec256) =>
        CertificateIssuer.CreateSelfSigned("cluster.local", kind, Now, TimeSpan.FromDays(3650));

    public static SpiffeId Id(string account = "a") => new("cluster.local", "ns", account);
}
