namespace Mesh.Ztunnel.Dns;

/// <summary>Who gets a deferred answer. Loop thread only.</summary>
internal abstract class DnsClient
{
    public abstract bool IsTcp { get; }

    /// <summary>Sends the answer, lent for the call; called exactly once.</summary>
    public abstract void Send(ReadOnlySpan<byte> answer);
}
