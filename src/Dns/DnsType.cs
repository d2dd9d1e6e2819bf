namespace Mesh.Dns;

/// <summary>Record and question types we name; other numbers are valid (RFC 1035, 3.2.2 and later registrations).</summary>
public enum DnsType : ushort
{
    None = 0,
    A = 1,
    Ns = 2,
    Cname = 5,
    Soa = 6,
    Ptr = 12,
    Hinfo = 13,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Naptr = 35,
    Opt = 41,
    Ds = 43,
    Rrsig = 46,
    Nsec = 47,
    Dnskey = 48,
    Tlsa = 52,
    Svcb = 64,
    Https = 65,
    Axfr = 252,
    Any = 255,
    Caa = 257,
}
