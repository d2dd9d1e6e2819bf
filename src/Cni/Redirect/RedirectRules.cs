using System.Net;
using Mesh.Linux.Nftables;

namespace Mesh.Cni.Redirect;

/// <summary>A pod's settings in, its table out. Pure.</summary>
internal static class RedirectRules
{
    public const string TableName = "mesh-redirect";

    private const int Raw = -300;
    private const int Mangle = -150;
    private const int Nat = -100;
    private const string Loopback = "lo";

    public static NftTable Render(RedirectSettings settings)
    {
        var chains = new List<NftChain>
        {
            new("mangle-prerouting", NftChainType.Filter, NftHook.Prerouting, Mangle, [
                new NftRule().Mark(MeshPorts.ProxyMark, MeshPorts.MarkMask).SetConnectionMark(MeshPorts.ReturnMark, MeshPorts.MarkMask)]),
            new("mangle-output", NftChainType.Route, NftHook.Output, Mangle, [
                new NftRule().ConnectionMark(MeshPorts.ReturnMark, MeshPorts.MarkMask).RestoreMark()]),
            new("nat-prerouting", NftChainType.Nat, NftHook.Prerouting, Nat, Inbound(settings)),
            new("nat-output", NftChainType.Nat, NftHook.Output, Nat, Outbound(settings)),
        };
        if (settings.CapturesDns) AddDnsZones(chains, settings);
        return new NftTable(TableName, [], chains);
    }

    private static List<NftRule> Inbound(RedirectSettings settings)
    {
        var rules = new List<NftRule>();
        foreach (var name in settings.VirtualInterfaces)
        {
            foreach (var family in Families(settings))
            {
                rules.Add(Tcp(family().InputInterface(name), settings).Count().Redirect(MeshPorts.Outbound));
            }
        }

        if (settings.BypassesInbound) return rules;
        foreach (var v6 in Versions(settings))
        {
            rules.Add(Family(v6).Source(Probe(settings, v6)).TcpOnly().Count().Accept());
        }

        foreach (var v6 in Versions(settings))
        {
            rules.Add(Tcp(Family(v6).Destination(LoopbackOf(v6), equal: false), settings)
                .DestinationPort(MeshPorts.InboundHbone, equal: false)
                .Mark(MeshPorts.ProxyMark, MeshPorts.MarkMask, equal: false)
                .Count()
                .Redirect(MeshPorts.InboundPlaintext));
        }

        return rules;
    }

    private static List<NftRule> Outbound(RedirectSettings settings)
    {
        var rules = new List<NftRule>();
        foreach (var v6 in Versions(settings))
        {
            rules.Add(Family(v6).Destination(Probe(settings, v6)).TcpOnly().Count().Accept());
        }

        if (settings.CapturesDns)
        {
            foreach (var v6 in Versions(settings)) AddDns(rules, settings, v6);
        }

        foreach (var family in Families(settings))
        {
            rules.Add(family().TcpOnly().Mark(MeshPorts.ReturnMark, MeshPorts.MarkMask).Count().Accept());
        }

        rules.Add(new NftRule().OutputInterface(Loopback).Count().Accept()); // The application calling itself, by whatever name.
        foreach (var family in Families(settings))
        {
            rules.Add(Tcp(family(), settings)
                .Mark(MeshPorts.ProxyMark, MeshPorts.MarkMask, equal: false)
                .Count()
                .Redirect(MeshPorts.Outbound));
        }

        return rules;
    }

    private static void AddDns(List<NftRule> rules, RedirectSettings settings, bool v6)
    {
        rules.Add(Family(v6).OutputInterface(Loopback, equal: false).UdpOnly().DestinationPort(MeshPorts.PlainDns)
            .Mark(MeshPorts.ProxyMark, MeshPorts.MarkMask, equal: false).Count().Redirect(MeshPorts.Dns));
        // A resolver on the pod's own loopback is the pod's business, as it is for UDP.
        rules.Add(Tcp(Family(v6).OutputInterface(Loopback, equal: false), settings).DestinationPort(MeshPorts.PlainDns)
            .Mark(MeshPorts.ProxyMark, MeshPorts.MarkMask, equal: false).Count().Redirect(MeshPorts.Dns));
    }

    /// <summary>ztunnel's question upstream can have the very ports of the application's own: they must not share a conntrack entry.</summary>
    private static void AddDnsZones(List<NftChain> chains, RedirectSettings settings)
    {
        var output = new List<NftRule>();
        var prerouting = new List<NftRule>();
        foreach (var family in Families(settings))
        {
            output.Add(family().UdpOnly().DestinationPort(MeshPorts.PlainDns)
                .Mark(MeshPorts.ProxyMark, MeshPorts.MarkMask).SetZone(MeshPorts.DnsZone));
            prerouting.Add(family().UdpOnly().SourcePort(MeshPorts.PlainDns)
                .Mark(MeshPorts.ProxyMark, MeshPorts.MarkMask, equal: false).SetZone(MeshPorts.DnsZone));
        }

        chains.Add(new NftChain("raw-output", NftChainType.Filter, NftHook.Output, Raw, output));
        chains.Add(new NftChain("raw-prerouting", NftChainType.Filter, NftHook.Prerouting, Raw, prerouting));
    }

    private static NftRule Tcp(NftRule rule, RedirectSettings settings) => settings.IsGraceful ? rule.TcpOnly().Opening() : rule.TcpOnly();

    private static IEnumerable<bool> Versions(RedirectSettings settings) => settings.V6 ? [false, true] : [false];

    /// <summary>With IPv6 off, a rule for both families would send IPv6 to ports nobody serves: then it names IPv4.</summary>
    private static IEnumerable<Func<NftRule>> Families(RedirectSettings settings) =>
        settings.V6 ? [static () => new NftRule()] : [static () => new NftRule().V4()];

    private static NftRule Family(bool v6) => v6 ? new NftRule().V6() : new NftRule().V4();

    private static IPAddress Probe(RedirectSettings settings, bool v6) => v6 ? settings.ProbeV6 : settings.ProbeV4;

    private static IPAddress LoopbackOf(bool v6) => v6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
}
