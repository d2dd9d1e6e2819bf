namespace Mesh.Model.Decisions;

/// <summary>Why an inbound CONNECT is refused, and with which status (<see cref="InboundRefusals.StatusOf"/>).</summary>
public enum InboundRefusal
{
    BadAuthority,
    UnknownWorkload,
    WrongDestination,
    UnknownService,
    UnknownPort,
    SelfCall,
    NothingToAnnounce,
}
