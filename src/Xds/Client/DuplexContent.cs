using System.Net;
using System.Threading.Channels;

namespace Mesh.Xds.Client;

/// <summary>
/// The request half of a stream: what is queued goes out at once, one message per write. Ends when the queue is completed. The
/// queue is bounded; who offers more than fits is told so.
/// </summary>
internal sealed class DuplexContent : HttpContent
{
    private const int QueuedMax = 4096;
    private readonly Channel<byte[]> _queue = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(QueuedMax) { SingleReader = true });

    public DuplexContent() => Headers.TryAddWithoutValidation("content-type", "application/grpc");

    /// <summary>Queues a framed message; false when the queue is full or the stream is over.</summary>
    public bool TrySend(byte[] frame) => _queue.Writer.TryWrite(frame);

    public void Complete() => _queue.Writer.TryComplete();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        while (await _queue.Reader.WaitToReadAsync(cancellationToken))
        {
            while (_queue.Reader.TryRead(out var frame)) await stream.WriteAsync(frame, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        Complete();
        base.Dispose(disposing);
    }
}
