namespace Mesh.Http2.Tests;

/// <summary>A client and a server engine, joined by hand; bytes can be cut anywhere on the way.</summary>
internal sealed class Pair(Http2Options? client = null, Http2Options? server = null, int cut = int.MaxValue)
{
    private const int RoundsMax = 10_000;

    public End Client { get; } = new(Http2Role.Client, client);
    public End Server { get; } = new(Http2Role.Server, server);

    /// <summary>Carries bytes both ways until both are quiet.</summary>
    public Pair Settle()
    {
        for (var round = 0; round < RoundsMax; round++)
        {
            var toServer = Client.TakeOutput();
            var toClient = Server.TakeOutput();
            if (toServer.Length + toClient.Length == 0) return this;
            Deliver(Server, toServer);
            Deliver(Client, toClient);
        }

        throw new InvalidOperationException("The engines never became quiet.");
    }

    private void Deliver(End to, byte[] bytes)
    {
        for (var at = 0; at < bytes.Length; at += cut)
        {
            to.Receive(bytes.AsSpan(at, Math.Min(cut, bytes.Length - at)));
            if (cut == int.MaxValue) break;
        }
    }
}
