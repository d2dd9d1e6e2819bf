namespace Mesh.Ztunnel.Dns;

/// <summary>Who waits for a name server's answer; called once, on the loop of the forwarder.</summary>
internal interface IDnsWaiter
{
    /// <summary>The answer as it came, lent for the call.</summary>
    void OnReply(ReadOnlySpan<byte> reply);

    /// <summary>Nobody answered, or there are too many questions already.</summary>
    void OnFailure();
}
