using Mesh.Linux.Loops;

namespace Mesh.Ztunnel.Dns;

/// <summary>A client's TCP connection: one question after another until it has none for a while. Loop thread only.</summary>
internal sealed class DnsTcpConnection(DnsServer server, LoopSocket socket) : IDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);

    public async Task RunAsync()
    {
        using (socket)
        {
            while (await DnsFraming.ReadAsync(socket, DnsUdpListener.RequestBytesMax, Idle, Idle) is { } request)
            {
                if (await AnswerAsync(request) is not { } answer || !await DnsFraming.WriteAsync(socket, answer, Idle)) return;
            }
        }
    }

    public void Dispose() => socket.Dispose();

    private async ValueTask<byte[]?> AnswerAsync(byte[] request)
    {
        var client = new DnsTcpClient();
        switch (server.TryAnswer(request, isTcp: true, out var answer))
        {
            case DnsOutcome.Answered:
                return answer.ToArray(); // The scratch is somebody else's as soon as we wait.
            case DnsOutcome.Deferred:
                server.Defer(request, client);
                return await client.Answer;
            default:
                return null;
        }
    }
}
