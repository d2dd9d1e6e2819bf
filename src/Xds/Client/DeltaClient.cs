using Mesh.Xds.Grpc;
using Mesh.Xds.Protos;
using Mesh.Xds.Wire;

namespace Mesh.Xds.Client;

/// <summary>
/// Keeps one delta stream to the control plane: subscribes, decodes, hands batches to its one consumer (awaiting it, which is the
/// back-pressure), acknowledges, reconnects. <see cref="RunAsync"/> is its loop; <see cref="Request"/> may be called from any thread.
/// </summary>
public sealed class DeltaClient(
    DeltaClientOptions options,
    Func<DeltaBatch, CancellationToken, ValueTask> consume,
    Action<DeltaClientEvent> observe,
    TimeProvider time,
    Random chance)
{
    private readonly DeltaSubscription _addresses = new(TypeUrls.Address, options.OnDemand);
    private readonly DeltaSubscription _policies = new(TypeUrls.Authorization, onDemand: false);
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _wantedLock = new();
    private readonly HashSet<string> _wanted = new(StringComparer.Ordinal);
    private DuplexContent? _open;
    private bool _consuming;

    /// <summary>Completes when a push of every type was applied; what it had of bad resources is no reason to wait.</summary>
    public Task Synced => _synced.Task;

    /// <summary>On demand: asks for a workload's uid, <c>network/ip</c> or <c>namespace/hostname</c>; it arrives in a batch, or among
    /// its removed names when nobody has it. Asking again costs nothing.</summary>
    public void Request(string name)
    {
        if (!options.OnDemand) return; // Everything is subscribed already.
        lock (_wantedLock)
        {
            if (_wanted.Add(name)) SendNames(subscribe: name, unsubscribe: null);
        }
    }

    /// <summary>On demand: a name is of no interest any more.</summary>
    public void Release(string name)
    {
        lock (_wantedLock)
        {
            if (_wanted.Remove(name)) SendNames(subscribe: null, unsubscribe: name);
        }
    }

    /// <summary>Serves the subscription until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var delay = options.BackoffMin;
        while (!stop.IsCancellationRequested)
        {
            var (status, reason) = await RunStreamAsync(stop);
            if (stop.IsCancellationRequested) return;
            // A stream that worked and ended is recycled by its server; any other must not be hammered, whatever it sent before.
            delay = DeltaClientEvent.StreamEnded.IsRoutine(reason)
                ? options.BackoffMin
                : TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, options.BackoffMax.Ticks));
            var jittered = delay * (0.8 + (0.4 * chance.NextDouble()));
            observe(new DeltaClientEvent.StreamEnded(status, jittered, reason));
            try { await Task.Delay(jittered, time, stop); }
            catch (OperationCanceledException) { return; } // The ordinary way out.
        }
    }

    /// <summary>What the server's last word makes of a stream on which so many pushes came.</summary>
    private static StreamEndReason ReasonOf(GrpcStatus status, int pushes) => status.Code switch
    {
        _ when pushes == 0 => StreamEndReason.Error,
        GrpcCode.Ok => StreamEndReason.Complete,
        GrpcCode.Cancelled or GrpcCode.DeadlineExceeded or GrpcCode.Unknown => StreamEndReason.Reconnect,
        // How gRPC servers word the end of a connection that they recycle.
        GrpcCode.Unavailable when status.Message.Contains("transport is closing", StringComparison.Ordinal)
            || status.Message.Contains("received prior goaway", StringComparison.Ordinal) => StreamEndReason.Reconnect,
        _ => StreamEndReason.Error,
    };

    private async Task<(GrpcStatus Status, StreamEndReason Reason)> RunStreamAsync(CancellationToken stop)
    {
        var pushes = 0;
        var isAnswered = false;
        using var content = new DuplexContent();
        _consuming = false;
        try
        {
            using var http = options.Connect();
            using var request = await GrpcHttp.RequestAsync(GrpcHttp.DeltaMethod, options.Server, content, new GrpcHeaders(options), stop);
            SubscribeAll(content);
            using var response = await http.SendAsync(request, stop);
            isAnswered = true;
            if (GrpcHttp.EarlyStatus(response) is { } refused) return (refused, StreamEndReason.Error);
            await using var body = await response.Content.ReadAsStreamAsync(stop);
            using var reader = new DeltaResponseReader(body, options.ResponseBytesMax);
            var decoder = new WireDecoder();
            while (true)
            {
                var read = await reader.NextMessageAsync(stop);
                if (read == GrpcRead.End)
                {
                    var status = GrpcHttp.TrailingStatus(response);
                    return (status, ReasonOf(status, pushes));
                }
                if (read != GrpcRead.Message) return (BadResponse(read), StreamEndReason.Error);
                if (pushes == 0) observe(new DeltaClientEvent.Connected());
                var push = new DeltaPush(options.BatchResources, decoder, Find, observe);
                while ((read = await reader.NextFieldAsync(stop)) == GrpcRead.Message)
                {
                    if (!push.TryAdd(reader.Current.Span)) return (BadResponse(GrpcRead.Malformed), StreamEndReason.Error);
                    if (push.IsBatchFull) await ConsumeAsync(push, endOfPush: false, stop);
                }
                if (read != GrpcRead.End) return (BadResponse(read), StreamEndReason.Error);
                pushes++;
                await FinishAsync(push, reader.MessageBytes, content, stop);
            }
        }
        catch (Exception) when (!_consuming && stop.IsCancellationRequested)
        {
            return (new GrpcStatus(GrpcCode.Cancelled), StreamEndReason.Complete); // Told to stop: how the connection took it is no matter.
        }
        catch (Exception e) when (!_consuming)
        {
            var reason = !isAnswered ? StreamEndReason.ConnectionError : pushes > 0 ? StreamEndReason.Reconnect : StreamEndReason.Error;
            return (new GrpcStatus(GrpcCode.Unavailable, GrpcHttp.Explain(e)), reason);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return (new GrpcStatus(GrpcCode.Cancelled), StreamEndReason.Complete);
        }
        catch (Exception fault)
        {
            return Faulted(fault);
        }
        finally
        {
            lock (_wantedLock) _open = null;
            content.Complete();
        }
    }

    /// <summary>What we had before goes on: to stop here would be to serve it for ever, and to end the process would be to serve nobody.</summary>
    private (GrpcStatus Status, StreamEndReason Reason) Faulted(Exception fault)
    {
        observe(new DeltaClientEvent.Faulted(fault));
        return (new GrpcStatus(GrpcCode.Internal, "the push could not be applied"), StreamEndReason.Error);
    }

    private static GrpcStatus BadResponse(GrpcRead read) => new(
        GrpcCode.Internal, read == GrpcRead.TooLarge ? "the response is larger than we accept" : "the response is cut off or not gRPC");

    private DeltaSubscription? Find(string typeUrl) =>
        typeUrl == TypeUrls.Address ? _addresses : typeUrl == TypeUrls.Authorization ? _policies : null;

    private async ValueTask ConsumeAsync(DeltaPush push, bool endOfPush, CancellationToken stop)
    {
        var batch = push.TakeBatch(endOfPush);
        _consuming = true; // An exception from here is ours, and must not be taken for the stream's.
        await consume(batch, stop);
        _consuming = false;
        push.Commit(batch);
    }

    private async ValueTask FinishAsync(DeltaPush push, int bytes, DuplexContent content, CancellationToken stop)
    {
        if (Find(push.TypeUrl) is not { } subscription) return; // A type that we never asked for: nothing to acknowledge.
        push.Finish(subscription);
        await ConsumeAsync(push, endOfPush: true, stop);
        content.TrySend(GrpcPrefix.Frame(push.Answer()));
        observe(new DeltaClientEvent.PushApplied(push.TypeUrl, bytes, push.Resources, push.RemovedCount, push.Rejected));
        subscription.IsSynced = true;
        if (_addresses.IsSynced && _policies.IsSynced) _synced.TrySetResult();
    }

    private void SubscribeAll(DuplexContent content)
    {
        lock (_wantedLock)
        {
            var node = options.Node.ToWire();
            foreach (var request in _addresses.InitialRequests(node, _wanted, options.InitialRequestBytesMax))
                content.TrySend(GrpcPrefix.Frame(request));
            foreach (var request in _policies.InitialRequests(node, [], options.InitialRequestBytesMax))
                content.TrySend(GrpcPrefix.Frame(request));
            _open = content;
        }
    }

    private void SendNames(string? subscribe, string? unsubscribe)
    {
        if (_open is not { } content) return; // The next stream starts with all wanted names.
        var request = new DeltaDiscoveryRequest { TypeUrl = TypeUrls.Address };
        if (subscribe is not null) request.ResourceNamesSubscribe.Add(subscribe);
        if (unsubscribe is not null) request.ResourceNamesUnsubscribe.Add(unsubscribe);
        // A full queue means a peer that does not read: give the stream up, the next one asks for everything at once.
        if (!content.TrySend(GrpcPrefix.Frame(request))) content.Complete();
    }
}
