namespace Mesh.Model.Decisions;

/// <summary>Statuses and words of inbound refusals.</summary>
public static class InboundRefusals
{
    public static int StatusOf(InboundRefusal why) => why switch
    {
        InboundRefusal.BadAuthority or InboundRefusal.WrongDestination => 400,
        InboundRefusal.UnknownWorkload or InboundRefusal.UnknownService or InboundRefusal.UnknownPort or InboundRefusal.SelfCall
            or InboundRefusal.NothingToAnnounce => 503,
    };

    public static string TextOf(InboundRefusal why) => why switch
    {
        InboundRefusal.BadAuthority => "the authority is neither address:port nor host:port",
        InboundRefusal.UnknownWorkload => "this workload is unknown: the control plane has not sent it",
        InboundRefusal.WrongDestination => "the authority is not an address of this workload",
        InboundRefusal.UnknownService => "the authority names no known service",
        InboundRefusal.UnknownPort => "the service has no such port here",
        InboundRefusal.NothingToAnnounce => "the service has no address that could be told to the application in a PROXY header",
        InboundRefusal.SelfCall => "the destination is this proxy itself",
    };
}
