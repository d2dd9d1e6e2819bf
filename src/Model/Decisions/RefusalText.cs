namespace Mesh.Model.Decisions;

/// <summary>A refusal in the operator's words, for the access log.</summary>
public static class RefusalText
{
    public static string Of(RefusalReason why) => why switch
    {
        RefusalReason.SelfCall => "the destination is this proxy itself",
        RefusalReason.UnknownSource => "the source workload is unknown: the control plane has not sent it",
        RefusalReason.UnknownDestination => "the destination workload is unknown: the control plane has not sent it",
        RefusalReason.DestinationNotAnswered => "the control plane did not say in time whether it knows the destination",
        RefusalReason.NoHealthyUpstream => "no healthy upstream",
        RefusalReason.UnknownWaypoint => "unknown waypoint",
        RefusalReason.UnknownNetworkGateway => "unknown network gateway",
        RefusalReason.NoServiceAcrossNetworks => "a workload of another network is reached through a service only",
        RefusalReason.NoIdentityAcrossNetworks => "the service of another network names no identity to expect",
    };
}
