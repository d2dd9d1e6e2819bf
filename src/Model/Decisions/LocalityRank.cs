using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>How near an endpoint is to a client in a service's order of preference; more is nearer, negative is out.</summary>
internal static class LocalityRank
{
    public static int Of(MeshWorkload endpoint, MeshWorkload client, LoadBalancing? preference)
    {
        if (preference is not { Mode: LoadBalancingMode.Strict or LoadBalancingMode.Failover } || preference.RoutingPreference.IsDefaultOrEmpty) return 0;
        var scopes = preference.RoutingPreference.AsSpan();
        var bonus = 0;
        var networkMissed = false;
        if (scopes[0] == LoadBalancingScope.Network)
        {
            // The network is preferred, not required: elsewhere the other scopes still count, but no such endpoint beats one that is here.
            networkMissed = !Matches(LoadBalancingScope.Network, endpoint, client);
            bonus = networkMissed ? 0 : scopes.Length;
            scopes = scopes[1..];
        }

        var matched = 0;
        while (matched < scopes.Length && Matches(scopes[matched], endpoint, client)) matched++;
        if (preference.Mode == LoadBalancingMode.Strict && (networkMissed || matched < scopes.Length)) return -1;
        return bonus + matched;
    }

    private static bool Matches(LoadBalancingScope scope, MeshWorkload endpoint, MeshWorkload client) => scope switch
    {
        LoadBalancingScope.Region => endpoint.Shape.Locality.Region == client.Shape.Locality.Region,
        LoadBalancingScope.Zone => endpoint.Shape.Locality.Zone == client.Shape.Locality.Zone,
        LoadBalancingScope.Subzone => endpoint.Shape.Locality.Subzone == client.Shape.Locality.Subzone,
        LoadBalancingScope.Node => endpoint.Node == client.Node,
        LoadBalancingScope.Cluster => endpoint.Shape.ClusterId == client.Shape.ClusterId,
        LoadBalancingScope.Network => endpoint.Network == client.Network,
        LoadBalancingScope.Unspecified => true,
    };
}
