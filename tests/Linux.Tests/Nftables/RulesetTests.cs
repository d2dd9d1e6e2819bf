using System.Net;
using Mesh.Linux.Namespaces;
using Mesh.Linux.Netlink;
using Mesh.Linux.Nftables;

namespace Mesh.Linux.Tests.Nftables;

[Trait("Category", "Kernel")]
public sealed class RulesetTests
{
    private static readonly IPAddress V4 = IPAddress.Parse("169.254.7.127");
    private static readonly IPAddress V6 = IPAddress.Parse("fd16:9254:7127:1337:ffff:ffff:ffff:ffff");

    [Fact]
    public void A_table_with_every_kind_of_rule_is_accepted_by_the_kernel_and_read_back_intact()
    {
        using var inside = CreateOrSkip();
        inside.Run(() =>
        {
            Assert.Null(Ruleset.Read("mesh-test"));
            var table = Table();
            Ruleset.Apply(table);
            Assert.Equal(Ruleset.FingerprintOf(table), Ruleset.Read("mesh-test"));
            Ruleset.Apply(table); // Twice changes nothing.
            Assert.Equal(Ruleset.FingerprintOf(table), Ruleset.Read("mesh-test"));
            var other = table with { Chains = [.. table.Chains.Take(2)] };
            Ruleset.Apply(other);
            Assert.Equal(Ruleset.FingerprintOf(other), Ruleset.Read("mesh-test"));
            Ruleset.Remove("mesh-test");
            Ruleset.Remove("mesh-test");
            Assert.Null(Ruleset.Read("mesh-test"));
        });
    }

    [Fact]
    public void What_somebody_removed_by_hand_shows_in_the_fingerprint()
    {
        using var inside = CreateOrSkip();
        inside.Run(() =>
        {
            var table = Table();
            Ruleset.Apply(table);
            Nft("flush chain inet mesh-test nat-output");
            Assert.NotEqual(Ruleset.FingerprintOf(table), Ruleset.Read("mesh-test"));
            Ruleset.Apply(table);
            Assert.Equal(Ruleset.FingerprintOf(table), Ruleset.Read("mesh-test"));
        });
    }

    [Fact]
    public void The_rules_mean_to_nft_what_they_say()
    {
        using var inside = CreateOrSkip();
        var listing = inside.Run(() =>
        {
            Ruleset.Apply(Table());
            return Nft("list ruleset");
        });
        foreach (var line in new[]
        {
            "elements = { 10.0.0.5, 10.0.0.6 }",
            "type nat hook output priority -100; policy accept;",
            "type route hook output priority mangle; policy accept;",
            "meta mark & 0x00000fff == 0x00000539 ct mark set ct mark & 0xfffff111 | 0x00000111",
            "ct mark & 0x00000fff == 0x00000111 meta mark set ct mark",
            "ct zone set 1",
            "ip saddr 169.254.7.127 tcp dport != 15008",
            "redirect to :15001",
            "ip6 daddr fd16:9254:7127:1337:ffff:ffff:ffff:ffff",
            "tcp flags syn / fin,syn,rst,ack",
            "meta skuid 0",
            "ip daddr @pods-v4",
            "snat ip to 169.254.7.127",
            "oifname != \"lo\"",
        })
        {
            Assert.True(Simplify(listing).Contains(Simplify(line), StringComparison.Ordinal), $"{line}\n not in\n{listing}");
        }
    }

    [Fact]
    public void A_rule_the_kernel_refuses_is_named_and_nothing_of_its_table_stays()
    {
        using var inside = CreateOrSkip();
        inside.Run(() =>
        {
            var before = Table();
            Ruleset.Apply(before);
            var redirectInFilter = new NftChain("bad", NftChainType.Filter, NftHook.Output, 0, [new NftRule().TcpOnly().Redirect(1)]);
            var error = Assert.Throws<LinuxException>(() => Ruleset.Apply(before with { Chains = [redirectInFilter] }));
            Assert.Contains("redirect to :1", error.Message, StringComparison.Ordinal);
            Assert.Equal(Ruleset.FingerprintOf(before), Ruleset.Read("mesh-test"));
        });
    }

    [Fact]
    public void A_policy_route_is_made_once_however_often_asked_for_and_leaves_nothing()
    {
        using var inside = CreateOrSkip();
        inside.Run(() =>
        {
            var route = new PolicyRoute(Mark: 0x111, Mask: 0xfff, Table: 100, Priority: 32764);
            Nft("list ruleset");
            Command("ip", "link set lo up");
            foreach (var v6 in new[] { false, true })
            {
                Assert.Equal(Errno.None, route.Ensure(v6));
                Assert.Equal(Errno.None, route.Ensure(v6));
                Assert.True(route.HasRule(v6));
                var family = v6 ? "-6 " : "-4 ";
                Assert.Single(Command("ip", family + "rule").Split('\n'), l => l.Contains("fwmark 0x111/0xfff lookup 100", StringComparison.Ordinal));
                Assert.Contains("local default dev lo", Command("ip", family + "route show table 100"), StringComparison.Ordinal);
                Assert.Equal(Errno.None, route.Remove(v6));
                Assert.Equal(Errno.None, route.Remove(v6));
                Assert.False(route.HasRule(v6));
                Assert.DoesNotContain("default", Command("ip", family + "route show table 100", tolerate: true), StringComparison.Ordinal);
            }
        });
    }

    [Fact]
    public void Addresses_of_the_namespace_are_read()
    {
        using var inside = CreateOrSkip();
        var found = inside.Run(() =>
        {
            Command("ip", "link set lo up");
            Command("ip", "addr add 10.9.8.7/32 dev lo");
            return InterfaceAddresses.Read();
        });
        Assert.Contains(IPAddress.Parse("10.9.8.7"), found);
        Assert.Contains(IPAddress.IPv6Loopback, found);
    }

    private static NftTable Table()
    {
        var pods = new NftSet("pods-v4", V6: false, [IPAddress.Parse("10.0.0.5"), IPAddress.Parse("10.0.0.6")]);
        var pods6 = new NftSet("pods-v6", V6: true, []);
        return new NftTable(
            "mesh-test",
            [pods, pods6],
            [
                new("mangle-prerouting", NftChainType.Filter, NftHook.Prerouting, -150,
                    [new NftRule().Mark(0x539, 0xfff).SetConnectionMark(0x111, 0xfff)]),
                new("mangle-output", NftChainType.Route, NftHook.Output, -150, [new NftRule().ConnectionMark(0x111, 0xfff).RestoreMark()]),
                new("raw-output", NftChainType.Filter, NftHook.Output, -300,
                    [new NftRule().UdpOnly().DestinationPort(53).Mark(0x539, 0xfff).SetZone(1)]),
                new("nat-output", NftChainType.Nat, NftHook.Output, -100,
                [
                    new NftRule().V4().Source(V4).TcpOnly().DestinationPort(15008, equal: false).Count().Accept(),
                    new NftRule().V6().Destination(V6).TcpOnly().Opening().Mark(0x539, 0xfff, equal: false).Redirect(15001),
                    new NftRule().OutputInterface("lo", equal: false).UdpOnly().SourcePort(53).Redirect(15053),
                    new NftRule().OutputInterface("lo").Accept(),
                ]),
                new("nat-prerouting", NftChainType.Nat, NftHook.Prerouting, -100, [new NftRule().InputInterface("eth0").Accept()]),
                new("nat-postrouting", NftChainType.Nat, NftHook.Postrouting, 100,
                [
                    new NftRule().V4().TcpOnly().SocketUser(0).DestinationIn(pods).SourceNat(V4),
                    new NftRule().V6().TcpOnly().SocketUser(0).DestinationIn(pods6).SourceNat(V6),
                ]),
            ]);
    }

    private static string Nft(string arguments) => Command("nft", arguments);

    private static string Command(string program, string arguments, bool tolerate = false)
    {
        // Processes inherit the namespace of the thread that starts them.
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(tolerate || process.ExitCode == 0, $"{program} {arguments}: {errors}");
        return output;
    }

    private static string Simplify(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static NetworkNamespace CreateOrSkip()
    {
        if (!File.Exists("/usr/sbin/nft") || !File.Exists("/usr/sbin/ip")) Assert.Skip("needs nft and ip");
        try
        {
            return NetworkNamespace.CreateNew();
        }
        catch (LinuxException e) when (e.Error == Errno.NotPermitted)
        {
            Assert.Skip("needs CAP_SYS_ADMIN to create network namespaces");
            throw;
        }
    }
}
