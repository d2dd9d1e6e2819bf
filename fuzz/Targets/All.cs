namespace Mesh.Fuzz.Targets;

/// <summary>Every parser of ours.</summary>
internal static class All
{
    public static Target[] Make() =>
    [
        new Http2Target(Http2.Http2Role.Server),
        new Http2Target(Http2.Http2Role.Client),
        new HpackTarget(),
        new HuffmanTarget(),
        new TlsRecordTarget(),
        new TlsMessageTarget(),
        new TlsHandshakeTarget(Tls13.TlsRole.Server),
        new TlsHandshakeTarget(Tls13.TlsRole.Client),
        new ProxyHeaderTarget(),
        new BaggageTarget(),
        new ForwardedTarget(),
        new ZdsTarget(),
        new AddressTarget(),
        new PolicyTarget(),
        new DeltaResponseTarget(),
        new AdminRequestTarget(),
        new SpiffeTarget(),
        new PemTarget(),
        new CertificateTarget(),
        new IpTarget(),
        new AuthorityTarget(),
        new LocalConfigTarget(),
        new DnsTarget(),
        new SocksTarget(),
    ];
}
