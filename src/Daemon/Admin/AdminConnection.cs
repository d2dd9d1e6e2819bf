using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;
using Microsoft.Extensions.Logging;

namespace Mesh.Daemon.Admin;

/// <summary>One client of the admin server: requests one after the other until either side has had enough. Thread pool, one task.</summary>
internal sealed class AdminConnection(
    Socket client, AdminPages pages, AdminLimits limits, MetricFamily<Counter> rejected, Counter served, CauseLog causes, ILogger log,
    TimeProvider time)
{
    private static readonly byte[] s_lineEnd = "\r\n"u8.ToArray();
    private static readonly byte[] s_lastChunk = "0\r\n\r\n"u8.ToArray();
    private readonly int _bufferBytes = limits.HeadBytes + limits.BodyBytes + 4;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(4096);
    private int _received;
    private long _waitingSince;
    private volatile bool _isDone;
    private volatile bool _isGivenUp;

    /// <summary>When it began to wait for its next request, which may have come in part; null while one is answered. Any thread.</summary>
    public long? WaitingSince => Volatile.Read(ref _waitingSince) is not 0 and var since ? since : null;

    public bool IsDone => _isDone;

    /// <summary>Ends it for the sake of others; any thread.</summary>
    public void GiveUp()
    {
        _isGivenUp = true;
        client.Dispose();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            if (client.ProtocolType == ProtocolType.Tcp) client.NoDelay = true; // An answer is several sends, and its end must not wait for an ACK.
            for (var at = 1; at <= limits.RequestsPerConnection; at++)
            {
                Volatile.Write(ref _waitingSince, Math.Max(1, time.GetTimestamp()));
                if (await ReceiveAsync(stop) is not { } request) return;
                Volatile.Write(ref _waitingSince, 0);
                var last = at == limits.RequestsPerConnection || stop.IsCancellationRequested || WantsClose(request);
                var response = await AnswerAsync(request, stop);
                if (!await TrySendAsync(response, request, last, stop)) return;
                served.Increment();
                if (last) return;
            }
        }
        catch (Exception gone) when (_isGivenUp && gone is SocketException or ObjectDisposedException)
        {
            // Counted by who gave it up.
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException)
        {
            if (stop.IsCancellationRequested) rejected.With("shutdown").Increment();
            else if (gone is SocketException) rejected.With("connection_lost").Increment();
            else Reject("timeout");
        }
        finally
        {
            _isDone = true;
            client.Dispose();
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }

    private static bool WantsClose(AdminRequest request) =>
        request.Header("connection")?.Contains("close", StringComparison.OrdinalIgnoreCase) == true;

    private static string ReasonPhrase(int status) => status switch
    {
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Status",
    };

    private async Task<AdminRequest?> ReceiveAsync(CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(_received > 0 ? limits.RequestTimeout : limits.IdleTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        var begun = _received > 0;
        while (true)
        {
            var outcome = _received == 0 ? RequestParse.NeedMoreBytes
                : RequestReader.TryRead(_buffer.AsMemory(0, _received), limits, out _, out _);
            if (outcome == RequestParse.Complete) return Take();
            if (outcome != RequestParse.NeedMoreBytes)
            {
                await RefuseAsync(outcome, stop);
                return null;
            }
            Grow();
            int count;
            try
            {
                count = await client.ReceiveAsync(_buffer.AsMemory(_received), SocketFlags.None, either.Token);
            }
            catch (OperationCanceledException) when (!begun)
            {
                return null; // Idle for too long, or told to stop between requests: nothing was promised.
            }
            if (count == 0)
            {
                if (_received > 0) Reject("truncated");
                return null;
            }
            _received += count;
            if (begun) continue;
            begun = true;
            deadline.CancelAfter(limits.RequestTimeout);
        }
    }

    /// <summary>Counts what the peer did wrong, and says so once per reason and minute.</summary>
    private void Reject(string reason)
    {
        rejected.With(reason).Increment();
        causes.Warn(reason, "no request that we could answer", Peer());
    }

    private string Peer()
    {
        try
        {
            return client.RemoteEndPoint?.ToString() ?? "a local peer";
        }
        catch (SocketException)
        {
            return "a peer that has gone";
        }
    }

    private AdminRequest Take()
    {
        RequestReader.TryRead(_buffer.AsMemory(0, _received), limits, out var request, out var consumed);
        _buffer.AsSpan(consumed, _received - consumed).CopyTo(_buffer);
        _received -= consumed;
        return request! with { Peer = client.RemoteEndPoint };
    }

    private void Grow()
    {
        if (_received < _buffer.Length) return;
        // The parser refuses what is longer than the limits, so the buffer never has to outgrow them.
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(_bufferBytes, _buffer.Length * 2) + 1);
        _buffer.AsSpan(0, _received).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private async Task<AdminResponse> AnswerAsync(AdminRequest request, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(limits.ResponseTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            // A page may ask what does not answer (a loop that hangs), and not look at its token.
            return await pages.Find(request.Method, request.Path)(request, either.Token).AsTask().WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            return AdminResponse.Text("the page took too long\n", 503);
        }
        catch (Exception fault)
        {
            log.LogError(fault, "admin page {Path} failed", request.Path);
            return AdminResponse.Text("internal error\n", 500);
        }
    }

    private async Task RefuseAsync(RequestParse outcome, CancellationToken stop)
    {
        var (status, reason) = outcome switch
        {
            RequestParse.HeadTooLarge => (431, "head_too_large"),
            RequestParse.BodyTooLarge => (413, "body_too_large"),
            RequestParse.NotImplemented => (501, "not_implemented"),
            _ => (400, "malformed"),
        };
        Reject(reason);
        using var deadline = new CancellationTokenSource(limits.ResponseTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        await SendWholeAsync(AdminResponse.Text(ReasonPhrase(status) + "\n", status), last: true, withBody: true, either.Token);
    }

    /// <summary>False when the page failed after a part of it was sent: the client sees the connection end before the body does.</summary>
    private async Task<bool> TrySendAsync(AdminResponse response, AdminRequest request, bool last, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(limits.ResponseTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        var isHead = request.Method == "HEAD";
        if (response.Parts is null)
        {
            await SendWholeAsync(response, last, withBody: !isHead, either.Token);
            return true;
        }
        try
        {
            await SendHeadAsync(response, request.TakesChunks ? "Transfer-Encoding: chunked\r\n" : "", last, either.Token);
            if (!isHead) await SendPartsAsync(response.Parts, request.TakesChunks, either.Token);
            if (last) client.Shutdown(SocketShutdown.Send);
            return true;
        }
        catch (Exception fault) when (fault is not (SocketException or ObjectDisposedException))
        {
            client.Close(timeout: 0); // A reset: without it, the end would look like the page's.
            if (fault is OperationCanceledException) throw;
            log.LogError(fault, "admin page {Path} failed half-way", request.Path);
            return false;
        }
    }

    private async Task SendWholeAsync(AdminResponse response, bool last, bool withBody, CancellationToken stop)
    {
        await SendHeadAsync(response, string.Create(CultureInfo.InvariantCulture, $"Content-Length: {response.Body.Length}\r\n"), last, stop);
        if (withBody) await SendAllAsync(response.Body, stop);
        if (last) client.Shutdown(SocketShutdown.Send);
    }

    private Task SendHeadAsync(AdminResponse response, string framing, bool last, CancellationToken stop) => SendAllAsync(
        Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {response.Status} {ReasonPhrase(response.Status)}\r\nContent-Type: {response.ContentType}\r\n"
            + $"{(response.Encoding is { } encoding ? $"Content-Encoding: {encoding}\r\n" : "")}{framing}{(last ? "Connection: close\r\n" : "")}\r\n")),
        stop);

    private async Task SendPartsAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> parts, bool asChunks, CancellationToken stop)
    {
        await foreach (var part in parts.WithCancellation(stop))
        {
            if (asChunks) await SendAllAsync(Encoding.ASCII.GetBytes(part.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"), stop);
            await SendAllAsync(part, stop);
            if (asChunks) await SendAllAsync(s_lineEnd, stop);
        }
        if (asChunks) await SendAllAsync(s_lastChunk, stop);
    }

    private async Task SendAllAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (!bytes.IsEmpty) bytes = bytes[await client.SendAsync(bytes, SocketFlags.None, stop)..];
    }
}
