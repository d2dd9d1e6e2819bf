namespace Mesh.Model.Decisions;

/// <summary>Why the mesh will not carry a connection.</summary>
public enum RefusalReason
{
    SelfCall,
    UnknownSource,
    UnknownDestination,
    DestinationNotAnswered,
    NoHealthyUpstream,
    UnknownWaypoint,
    UnknownNetworkGateway,
    NoServiceAcrossNetworks,
    NoIdentityAcrossNetworks,
}
