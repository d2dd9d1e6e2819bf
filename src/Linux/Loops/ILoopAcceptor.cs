namespace Mesh.Linux.Loops;

/// <summary>Takes what a <see cref="LoopListener"/> accepted; called on the listener's loop.</summary>
public interface ILoopAcceptor
{
    /// <summary>The connection is now this object's: attach it to a loop or close it.</summary>
    void OnAccepted(AcceptedSocket accepted);
}
