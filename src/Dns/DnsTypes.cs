namespace Mesh.Dns;

/// <summary>Words of <see cref="DnsType"/>, as metrics and logs write them.</summary>
public static class DnsTypes
{
    /// <summary>Lower case; one word for all types without a name, so that labels stay few.</summary>
    public static string WordOf(DnsType type) => type switch
    {
        DnsType.A => "a",
        DnsType.Ns => "ns",
        DnsType.Cname => "cname",
        DnsType.Soa => "soa",
        DnsType.Ptr => "ptr",
        DnsType.Hinfo => "hinfo",
        DnsType.Mx => "mx",
        DnsType.Txt => "txt",
        DnsType.Aaaa => "aaaa",
        DnsType.Srv => "srv",
        DnsType.Naptr => "naptr",
        DnsType.Opt => "opt",
        DnsType.Ds => "ds",
        DnsType.Rrsig => "rrsig",
        DnsType.Nsec => "nsec",
        DnsType.Dnskey => "dnskey",
        DnsType.Tlsa => "tlsa",
        DnsType.Svcb => "svcb",
        DnsType.Https => "https",
        DnsType.Axfr => "axfr",
        DnsType.Any => "any",
        DnsType.Caa => "caa",
        _ => "unknown", // From the wire: any number may come.
    };
}
