namespace Mesh.Hbone;

/// <summary>Decides about CONNECT requests; called on the tunnel's loop.</summary>
public interface IConnectOwner
{
    /// <summary>Answer now or later, exactly once: <see cref="ConnectRequest.Accept"/> or <see cref="ConnectRequest.Reject"/>.</summary>
    void OnConnect(ConnectRequest request);

    /// <summary>The peer asked for something else than a CONNECT, and was told 400.</summary>
    void OnBadRequest();
}
