using System.Text.Json;
using Mesh.Kubernetes.Http;
using Mesh.Kubernetes.Json;
using Mesh.Kubernetes.Watching;
using Microsoft.Extensions.Logging;

namespace Mesh.Kubernetes;

/// <summary>
/// The API server: reads here, writes and reviews in the other parts. <c>Find</c> gives null for what is not there, <c>Try</c>
/// gives every failure as a value, the rest throw <see cref="ApiException"/>. Thread-safe; one per process and cluster.
/// </summary>
public sealed partial class KubernetesClient : IDisposable
{
    private const int ListRestartsMax = 3;
    private readonly ApiTransport _transport;
    private readonly Lock _randomGuard = new();

    public KubernetesClient(Credentials credentials, KubernetesClientOptions? options = null)
    {
        Options = options ?? new KubernetesClientOptions();
        Credentials = credentials;
        _transport = new ApiTransport(credentials, Options);
        Discovery = new Discovery(this);
    }

    public Credentials Credentials { get; }

    public KubernetesClientOptions Options { get; }

    public Discovery Discovery { get; }

    internal TimeProvider Time => Options.Time;

    internal ILogger Logger => Options.Logger;

    public void Dispose() => _transport.Dispose();

    /// <summary>The object, or null when there is none.</summary>
    public async Task<T?> FindAsync<T>(ResourceType<T> type, ObjectKey key, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        var result = await TryGetAsync(type, key, stop);
        return result.Error?.Reason == ApiErrorReason.NotFound ? null : result.Get();
    }

    public async Task<T> GetAsync<T>(ResourceType<T> type, ObjectKey key, CancellationToken stop)
        where T : class, IKubernetesObject => (await TryGetAsync(type, key, stop)).Get();

    public Task<ApiResult<T>> TryGetAsync<T>(ResourceType<T> type, ObjectKey key, CancellationToken stop)
        where T : class, IKubernetesObject =>
        SendForObjectAsync(new ApiRequest(HttpMethod.Get, ApiPath.Object(type, key)), type, stop);

    /// <summary>All objects that the options select, page by page underneath.</summary>
    public async Task<ObjectList<T>> ListAsync<T>(ResourceType<T> type, ListOptions options, CancellationToken stop)
        where T : class, IKubernetesObject => (await TryListAsync(type, options, stop)).Get();

    /// <summary>A list whose continue token expires half-way starts again, and asks for everything at once in the end.</summary>
    public async Task<ApiResult<ObjectList<T>>> TryListAsync<T>(ResourceType<T> type, ListOptions options, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        for (var start = 1; ; start++)
        {
            var pageSize = options.FromServerCache || start > ListRestartsMax ? 0 : options.PageSize;
            var result = await TryListPagesAsync(type, options, pageSize, stop);
            if (result.Error?.Reason != ApiErrorReason.Expired || pageSize == 0) return result;
        }
    }

    /// <summary>One page: <paramref name="continueFrom"/> is null for the first, and what the last one said afterwards.</summary>
    public Task<ApiResult<ObjectList<T>>> TryListPageAsync<T>(
        ResourceType<T> type, ListOptions options, int pageSize, string? continueFrom, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        var path = new QueryText(ApiPath.Collection(type, options.Namespace))
            .Add("labelSelector", options.LabelSelector)
            .Add("fieldSelector", options.FieldSelector)
            .Add("limit", pageSize)
            .Add("continue", continueFrom)
            .Add("resourceVersion", options.FromServerCache && continueFrom is null ? "0" : null)
            .ToString();
        return _transport.SendAsync(
            new ApiRequest(HttpMethod.Get, path), (body, limit) => new ObjectListReader<T>(type.Json).ReadAsync(body, limit), stop);
    }

    /// <summary>Opens a watch from a resource version; <see cref="Informer{T}"/> is what most callers want instead.</summary>
    public async Task<ApiResult<WatchStream<T>>> TryWatchAsync<T>(
        ResourceType<T> type, ListOptions options, string fromResourceVersion, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        var lifetime = Options.WatchLifetime * (1 + NextDouble());
        var path = new QueryText(ApiPath.Collection(type, options.Namespace))
            .Add("watch", value: true)
            .Add("allowWatchBookmarks", value: true)
            .Add("labelSelector", options.LabelSelector)
            .Add("fieldSelector", options.FieldSelector)
            .Add("resourceVersion", fromResourceVersion)
            .Add("timeoutSeconds", (int)lifetime.TotalSeconds)
            .ToString();
        var request = new ApiRequest(HttpMethod.Get, path);
        using var limit = new CancellationTokenSource(Options.RequestTimeLimit, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            var (response, error) = await _transport.OpenAsync(request, either.Token);
            if (response is null) return new ApiResult<WatchStream<T>>(request.ToString(), error!);
            return new ApiResult<WatchStream<T>>(await WatchStream<T>.OpenAsync(response, type.Json, Options.WatchIdleLimit, Time, stop));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            var late = new ApiError(ApiErrorReason.Timeout, 0, "the watch did not open in time");
            return new ApiResult<WatchStream<T>>(request.ToString(), late);
        }
        catch (Exception problem) when (ApiTransport.Translate(problem) is { } error)
        {
            return new ApiResult<WatchStream<T>>(request.ToString(), error);
        }
    }

    public async Task<ServerVersion> GetServerVersionAsync(CancellationToken stop) =>
        (await SendForJsonAsync(new ApiRequest(HttpMethod.Get, "/version"), KubernetesJson.Default.ServerVersion, stop)).Get();

    /// <summary>Any path as text, for health checks and proxied pods.</summary>
    public async Task<ApiResult<string>> TryGetTextAsync(string path, CancellationToken stop) =>
        await _transport.SendAsync(new ApiRequest(HttpMethod.Get, path) { Accept = "*/*" }, ReadTextAsync, stop);

    internal double NextDouble()
    {
        lock (_randomGuard) return Options.Random.NextDouble();
    }

    internal int NextSeed()
    {
        lock (_randomGuard) return Options.Random.Next();
    }

    internal Task<ApiResult<T>> SendForJsonAsync<T>(
        ApiRequest request, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json, CancellationToken stop)
        where T : class => _transport.SendAsync(
            request,
            async (body, limit) =>
            {
                using var bytes = await ReadAllAsync(body, limit);
                return JsonSerializer.Deserialize(bytes.Unread, json) ?? throw new JsonException("The answer is null.");
            },
            stop);

    private Task<ApiResult<T>> SendForObjectAsync<T>(ApiRequest request, ResourceType<T> type, CancellationToken stop)
        where T : class, IKubernetesObject => SendForJsonAsync(request, type.Json, stop);

    private async Task<ApiResult<ObjectList<T>>> TryListPagesAsync<T>(
        ResourceType<T> type, ListOptions options, int pageSize, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        var first = await TryListPageAsync(type, options, pageSize, continueFrom: null, stop);
        if (!first.IsSuccess || first.Value.Continue is null) return first;

        var items = new List<T>(first.Value.Items);
        var unreadable = new List<UnreadableObject>(first.Value.Unreadable);
        var page = first;
        while (page.Value?.Continue is { } next)
        {
            page = await TryListPageAsync(type, options, pageSize, next, stop);
            if (!page.IsSuccess) return page;
            items.AddRange(page.Value.Items);
            unreadable.AddRange(page.Value.Unreadable);
        }

        return new ApiResult<ObjectList<T>>(new ObjectList<T>(first.Value.ResourceVersion, items) { Unreadable = unreadable });
    }

    private static async Task<string> ReadTextAsync(Stream body, CancellationToken stop)
    {
        using var bytes = await ReadAllAsync(body, stop);
        return System.Text.Encoding.UTF8.GetString(bytes.Unread);
    }

    private static async Task<ByteBuffer> ReadAllAsync(Stream body, CancellationToken stop)
    {
        const int answerBytesMax = 64 * 1024 * 1024;
        var bytes = new ByteBuffer(answerBytesMax);
        while (true)
        {
            var outcome = await bytes.FillAsync(body, stop);
            if (outcome == FillOutcome.Ended) return bytes;
            if (outcome == FillOutcome.Full) throw new JsonException($"The answer is longer than {answerBytesMax} bytes.");
        }
    }
}
