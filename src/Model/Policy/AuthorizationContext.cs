using Mesh.Identity;

namespace Mesh.Model.Policy;

/// <summary>What a policy may ask about a connection. The principal's text is made once per peer, not once per evaluation.</summary>
public readonly record struct AuthorizationContext
{
    public AuthorizationContext(Ip source, Ip destination, ushort port, SpiffeId? identity)
        : this(source, destination, port, identity, identity?.Principal)
    {
    }

    public AuthorizationContext(Ip source, Ip destination, ushort port, SpiffeId? identity, string? principal)
    {
        (Source, Destination, Port, Identity, Principal) = (source, destination, port, identity, principal);
    }

    public Ip Source { get; }

    public Ip Destination { get; }

    public ushort Port { get; }

    /// <summary>Null for plaintext.</summary>
    public SpiffeId? Identity { get; }

    public string? Principal { get; }
}
