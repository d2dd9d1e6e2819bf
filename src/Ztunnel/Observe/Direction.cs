namespace Mesh.Ztunnel.Observe;

/// <summary>Which side of a connection this proxy stands on.</summary>
internal enum Direction
{
    Inbound,
    Outbound,
}
