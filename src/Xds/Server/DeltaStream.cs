using System.IO.Pipelines;
using System.Threading.Channels;
using Google.Protobuf;
using Mesh.Xds.Grpc;
using Mesh.Xds.Protos;

namespace Mesh.Xds.Server;

/// <summary>
/// One client's stream: reads requests, answers them, pushes changes, one unanswered push per type. Its loop owns all state except
/// the inbox, into which the publisher puts changes from its own thread.
/// </summary>
internal sealed class DeltaStream(DeltaServer server, DeltaPeer? peer, long id, DateTimeOffset endAt, TimeProvider time)
{
    private const int QueuedRequestsMax = 16;

    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(1);

    // Policies before the workloads that name them: a workload must not be open for the moment between.
    private static readonly string[] PushOrder = [TypeUrls.Authorization, TypeUrls.Address, TypeUrls.Workload];

    private readonly Channel<bool> _wake =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<DeltaDiscoveryRequest> _requests = Channel.CreateBounded<DeltaDiscoveryRequest>(QueuedRequestsMax);
    private readonly Dictionary<string, Subscription> _subscriptions = new(StringComparer.Ordinal);
    private readonly Lock _inboxLock = new();
    private List<(ResourceChanges Changes, DateTimeOffset At)> _inbox = [];
    private int _inboxNames;
    private DateTimeOffset _endAt = endAt;
    private ClientNode? _node;
    private long _nonces;

    public DateTimeOffset ConnectedAt { get; } = time.GetUtcNow();

    /// <summary>What debug pages show; replaced as a whole by the loop after each step.</summary>
    public DeltaStreamStatus Status { get; private set; } = new("", time.GetUtcNow(), []);

    /// <summary>Tells the stream what changed. Any thread.</summary>
    public void Offer(ResourceChanges changes, DateTimeOffset publishedAt)
    {
        lock (_inboxLock)
        {
            _inboxNames += changes.Addresses.Count + changes.Policies.Count;
            if (_inboxNames <= server.Options.PendingNamesMax) _inbox.Add((changes, publishedAt));
        }
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Ends the stream at that time, if it would live longer. Any thread.</summary>
    public void EndBy(DateTimeOffset at)
    {
        lock (_inboxLock)
        {
            if (at < _endAt) _endAt = at;
        }
        _wake.Writer.TryWrite(true);
    }

    public async Task<GrpcStatus> RunAsync(Stream input, PipeWriter output, CancellationToken stop)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var reading = ReadAsync(input, cut.Token);
        await using var timer = time.CreateTimer(
            static wake => ((ChannelWriter<bool>)wake!).TryWrite(true), _wake.Writer, CheckEvery, CheckEvery);
        try
        {
            while (true)
            {
                await _wake.Reader.ReadAsync(cut.Token);
                var ended = reading.IsCompleted; // Seen before the queue is emptied, so nothing read is left behind.
                while (_requests.Reader.TryRead(out var request))
                {
                    if (await AnswerAsync(request, output, cut.Token) is { } refused) return refused;
                }
                if (await PushAsync(output, cut.Token) is { } failed) return failed;
                Publish();
                if (ended) return await reading;
                if (Overdue() is { } overdue) return overdue;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return new GrpcStatus(GrpcCode.Cancelled, "the connection is gone"); // A peer that left, or a stop: nobody reads this status.
        }
        finally
        {
            await cut.CancelAsync();
            await reading;
        }
    }

    private async Task<GrpcStatus> ReadAsync(Stream input, CancellationToken stop)
    {
        try
        {
            using var reader = new MessageReader(input, server.Options.RequestBytesMax);
            while (true)
            {
                switch (await reader.ReadAsync(stop))
                {
                    case GrpcRead.End: return GrpcStatus.Ok;
                    case GrpcRead.TooLarge:
                        return new GrpcStatus(GrpcCode.ResourceExhausted, $"requests above {server.Options.RequestBytesMax} bytes are refused");
                    case GrpcRead.Malformed: return new GrpcStatus(GrpcCode.InvalidArgument, "the request is cut off or not gRPC");
                    case GrpcRead.Message: break;
                }
                await _requests.Writer.WriteAsync(DeltaDiscoveryRequest.Parser.ParseFrom(reader.Message.Span), stop);
                _wake.Writer.TryWrite(true);
            }
        }
        catch (InvalidProtocolBufferException)
        {
            return new GrpcStatus(GrpcCode.InvalidArgument, "the request is not a DeltaDiscoveryRequest");
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return new GrpcStatus(GrpcCode.Cancelled, "the connection is gone");
        }
        finally
        {
            _wake.Writer.TryWrite(true);
        }
    }

    private async ValueTask<GrpcStatus?> AnswerAsync(DeltaDiscoveryRequest request, PipeWriter output, CancellationToken stop)
    {
        if (_node is null && Identify(request) is { } refused) return refused;
        MergeInbox();
        if (!_subscriptions.TryGetValue(request.TypeUrl, out var subscription))
        {
            if (_subscriptions.Count >= server.Options.TypesPerStreamMax)
                return new GrpcStatus(GrpcCode.ResourceExhausted, $"a stream may ask for {server.Options.TypesPerStreamMax} types");
            subscription = new Subscription(request.TypeUrl, _node!.NodeName);
            _subscriptions[request.TypeUrl] = subscription;
            var (resources, removed) = subscription.Start(request, server.Snapshot);
            await SendAsync(subscription, resources, removed, output, stop);
            return TooMany(subscription);
        }
        if (request.ResponseNonce.Length > 0)
        {
            if (request.ResponseNonce != subscription.LastNonce)
            {
                server.Observe(new DeltaServerEvent.ExpiredNonce(subscription.TypeUrl));
                return null;
            }
            Acknowledge(subscription, request);
        }
        if (subscription.Change(request, server.Snapshot) is { } change)
            await SendAsync(subscription, change.Resources, change.Removed, output, stop);
        return TooMany(subscription);
    }

    private void Acknowledge(Subscription subscription, DeltaDiscoveryRequest request)
    {
        subscription.InFlightSince = null;
        if (request.ErrorDetail is { } error)
        {
            subscription.LastError = error.Message.Length <= 1024 ? error.Message : error.Message[..1024];
            server.Observe(new DeltaServerEvent.Rejected(_node!.Id, subscription.TypeUrl, subscription.LastError));
            return;
        }
        subscription.AckedNonce = request.ResponseNonce;
        subscription.LastError = "";
        if (subscription.PendingSince is not { } since || subscription.HasPending) return;
        server.Observe(new DeltaServerEvent.Converged(time.GetUtcNow() - since));
        subscription.PendingSince = null;
    }

    private GrpcStatus? Identify(DeltaDiscoveryRequest request)
    {
        if (ClientNode.TryParse(request.Node, out var problem) is not { } node) return new GrpcStatus(GrpcCode.InvalidArgument, problem);
        if (peer is not null && (node.Namespace != peer.Namespace || (node.ServiceAccount.Length > 0 && node.ServiceAccount != peer.ServiceAccount)))
        {
            return new GrpcStatus(
                GrpcCode.PermissionDenied, $"the caller is {peer.Namespace}/{peer.ServiceAccount}, which is not the node it says it is");
        }
        _node = node;
        server.Observe(new DeltaServerEvent.StreamStarted(node.Id));
        return null;
    }

    private async ValueTask<GrpcStatus?> PushAsync(PipeWriter output, CancellationToken stop)
    {
        if (!MergeInbox())
            return new GrpcStatus(GrpcCode.ResourceExhausted, "too many changes wait for this client: come back with your versions");
        foreach (var typeUrl in PushOrder)
        {
            if (!_subscriptions.TryGetValue(typeUrl, out var subscription) || !subscription.HasPending) continue;
            if (subscription.InFlightSince is not null)
            {
                if (subscription.IsPolicies) return null; // Workloads wait for the policies that they may name.
                continue;
            }
            if (subscription.TakePending(server.Snapshot) is { } push)
                await SendAsync(subscription, push.Resources, push.Removed, output, stop);
            else subscription.PendingSince = null;
        }
        return null;
    }

    private async ValueTask SendAsync(
        Subscription subscription, List<Resource> resources, List<string> removed, PipeWriter output, CancellationToken stop)
    {
        var snapshot = server.Snapshot.Number;
        var response = new DeltaResponse(subscription.TypeUrl, resources, removed, WithAliases: !subscription.IsWildcard)
        {
            Nonce = $"{snapshot:x}-{id:x}-{++_nonces:x}",
            SystemVersion = $"{server.StartedAt:yyyy-MM-ddTHH:mm:ssZ}/{snapshot}",
        };
        subscription.LastNonce = response.Nonce;
        var bytes = await response.WriteAsync(output, stop);
        subscription.InFlightSince = time.GetUtcNow();
        server.Observe(new DeltaServerEvent.Pushed(subscription.TypeUrl, resources.Count, removed.Count, bytes));
    }

    /// <summary>Hands the inbox to the subscriptions; false when more came than may wait.</summary>
    private bool MergeInbox()
    {
        List<(ResourceChanges Changes, DateTimeOffset At)> offered;
        lock (_inboxLock)
        {
            if (_inboxNames > server.Options.PendingNamesMax) return false;
            if (_inbox.Count == 0) return true;
            (offered, _inbox, _inboxNames) = (_inbox, [], 0);
        }
        foreach (var (changes, at) in offered)
        {
            foreach (var subscription in _subscriptions.Values) subscription.Offer(changes, at);
        }
        return true;
    }

    private static GrpcStatus? TooMany(Subscription subscription) => subscription.IsTooLarge
        ? new GrpcStatus(GrpcCode.ResourceExhausted, $"a client may ask for {Subscription.NamesMax} names")
        : null;

    private GrpcStatus? Overdue()
    {
        var now = time.GetUtcNow();
        DateTimeOffset end;
        lock (_inboxLock) end = _endAt;
        if (now >= end) return GrpcStatus.Ok; // The client comes back, authenticates again, and is told only what differs.
        if (_node is null && now - ConnectedAt > server.Options.FirstRequestWithin)
            return new GrpcStatus(GrpcCode.DeadlineExceeded, "no request");
        foreach (var subscription in _subscriptions.Values)
        {
            if (now - subscription.InFlightSince > server.Options.AnswerWithin)
                return new GrpcStatus(GrpcCode.DeadlineExceeded, "a push was not answered");
        }
        return null;
    }

    private void Publish() => Status = new DeltaStreamStatus(
        _node?.Id ?? "",
        ConnectedAt,
        [.. _subscriptions.Values.Select(s => new DeltaTypeStatus(s.TypeUrl, s.LastNonce, s.AckedNonce, s.LastError, s.IsWildcard))]);
}
