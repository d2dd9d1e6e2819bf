using System.Collections.Immutable;
using Mesh.Model;
using Mesh.Ztunnel.Yaml;

namespace Mesh.Ztunnel.Feed;

/// <summary>One service of the local configuration.</summary>
internal static class LocalService
{
    public static Service Read(YamlCursor from)
    {
        var service = new Service { Name = "", Namespace = "", Hostname = "" };
        while (from.NextKey(out var key))
        {
            service = key switch
            {
                "name" => service with { Name = from.ReadText("name").ToString() },
                "namespace" => service with { Namespace = from.ReadText("namespace").ToString() },
                "hostname" => service with { Hostname = from.ReadText("hostname").ToString() },
                "vips" => service with { Addresses = ReadVips(from) },
                "ports" => service with { Ports = ReadPorts(from) },
                "subjectAltNames" => service with { SubjectAltNames = ReadTexts(from, "subjectAltNames") },
                "waypoint" => service with { Waypoint = LocalConfig.ReadGateway(from, "waypoint") },
                "weightedWaypoints" => service with { WeightedWaypoints = ReadWaypoints(from) },
                "loadBalancer" => service with { LoadBalancing = ReadLoadBalancer(from) },
                "ipFamilies" => service with { IpFamilies = ReadFamilies(from) },
                "canonical" => service with { Canonical = from.ReadFlag("canonical") },
                "visibility" => service with { Visibility = ReadVisibility(from) },
                _ => throw from.Problem($"unknown key {key} in a service"),
            };
        }

        return service.Namespace.Length > 0 && service.Hostname.Length > 0 ? service : throw from.Problem("a service needs a namespace and a hostname");
    }

    internal static ImmutableArray<ServicePort> ReadPorts(YamlCursor from)
    {
        if (!from.Enter(YamlEvent.MappingStart, "ports")) return [];
        ImmutableArray<ServicePort> ports = [];
        while (from.NextKey(out var key))
        {
            var port = from.ToPort(key, "a service port");
            ports = ports.Add(new ServicePort(port, from.ReadPort("a target port")));
        }

        return ports;
    }

    private static ImmutableArray<VirtualAddress> ReadVips(YamlCursor from)
    {
        if (!from.Enter(YamlEvent.SequenceStart, "vips")) return [];
        ImmutableArray<VirtualAddress> vips = [];
        while (from.NextText("vips"))
        {
            var text = from.Text;
            var slash = text.IndexOf('/');
            if (slash < 0) throw from.Problem("a vip is network/ip or network/ip/length");
            var address = text[(slash + 1)..];
            int? length = null;
            if (address.IndexOf('/') is > 0 and var second)
            {
                length = from.ToPort(address[(second + 1)..], "a prefix length");
                address = address[..second];
            }

            vips = vips.Add(new VirtualAddress(text[..slash].ToString(), from.ToAddress(address, "vips"), length));
        }

        return vips;
    }

    private static ImmutableArray<WeightedWaypoint> ReadWaypoints(YamlCursor from)
    {
        const string What = "weightedWaypoints";
        if (!from.Enter(YamlEvent.SequenceStart, What)) return [];
        ImmutableArray<WeightedWaypoint> waypoints = [];
        while (LocalConfig.NextItem(from, What))
        {
            var (destination, weight) = ((GatewayAddress?)null, 0u);
            while (from.NextKey(out var key))
            {
                switch (key)
                {
                    case "destination": destination = LocalConfig.ReadGateway(from, "destination"); break;
                    case "weight": weight = from.ReadNumber("weight"); break;
                    default: throw from.Problem($"unknown key {key} in {What}");
                }
            }

            waypoints = waypoints.Add(new WeightedWaypoint(destination ?? throw from.Problem("a weighted waypoint needs a destination"), weight));
        }

        return waypoints;
    }

    private static ImmutableArray<string> ReadTexts(YamlCursor from, string what)
    {
        if (!from.Enter(YamlEvent.SequenceStart, what)) return [];
        ImmutableArray<string> texts = [];
        while (from.NextText(what)) texts = texts.Add(from.Text.ToString());
        return texts;
    }

    private static IpFamilies ReadFamilies(YamlCursor from) => from.ReadText("ipFamilies") switch
    {
        "IPv4" => IpFamilies.V4Only,
        "IPv6" => IpFamilies.V6Only,
        "Dual" => IpFamilies.Dual,
        "" => IpFamilies.Automatic,
        var other => throw from.Problem($"ipFamilies {other} is none of IPv4, IPv6, Dual"),
    };

    private static LoadBalancing ReadLoadBalancer(YamlCursor from)
    {
        var balancing = new LoadBalancing(LoadBalancingMode.Unspecified, [], HealthPolicy.OnlyHealthy);
        if (!from.Enter(YamlEvent.MappingStart, "loadBalancer")) return balancing;
        while (from.NextKey(out var key))
        {
            balancing = key switch
            {
                "mode" => balancing with { Mode = ReadMode(from) },
                "routingPreferences" => balancing with { RoutingPreference = ReadScopes(from) },
                "healthPolicy" => balancing with { HealthPolicy = ReadHealthPolicy(from) },
                _ => throw from.Problem($"unknown key {key} in loadBalancer"),
            };
        }

        return balancing;
    }

    private static ServiceVisibility ReadVisibility(YamlCursor from) => from.ReadText("visibility") switch
    {
        "Public" => ServiceVisibility.Public,
        "Namespace" => ServiceVisibility.Namespace,
        var other => throw from.Problem($"visibility {other} is neither Public nor Namespace"),
    };

    private static HealthPolicy ReadHealthPolicy(YamlCursor from) => from.ReadText("healthPolicy") switch
    {
        "OnlyHealthy" => HealthPolicy.OnlyHealthy,
        "AllowAll" => HealthPolicy.AllowAll,
        var other => throw from.Problem($"healthPolicy {other} is neither OnlyHealthy nor AllowAll"),
    };

    private static LoadBalancingMode ReadMode(YamlCursor from) => from.ReadText("mode") switch
    {
        "Standard" => LoadBalancingMode.Unspecified,
        "Strict" => LoadBalancingMode.Strict,
        "Failover" => LoadBalancingMode.Failover,
        "Passthrough" => LoadBalancingMode.Passthrough,
        var other => throw from.Problem($"mode {other} is none of Standard, Strict, Failover, Passthrough"),
    };

    private static ImmutableArray<LoadBalancingScope> ReadScopes(YamlCursor from)
    {
        if (!from.Enter(YamlEvent.SequenceStart, "routingPreferences")) return [];
        ImmutableArray<LoadBalancingScope> scopes = [];
        while (from.NextText("routingPreferences"))
        {
            scopes = scopes.Add(from.Text switch
            {
                "Region" => LoadBalancingScope.Region,
                "Zone" => LoadBalancingScope.Zone,
                "Subzone" => LoadBalancingScope.Subzone,
                "Node" => LoadBalancingScope.Node,
                "Cluster" => LoadBalancingScope.Cluster,
                "Network" => LoadBalancingScope.Network,
                var other => throw from.Problem($"routing preference {other} is unknown"),
            });
        }

        return scopes;
    }
}
