using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mesh.Kubernetes.Http;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Watching;

/// <summary>An open watch: one JSON document per line. One reader at a time; disposing closes the request.</summary>
public sealed class WatchStream<T> : IAsyncDisposable
    where T : class, IKubernetesObject
{
    private readonly HttpResponseMessage _response;
    private readonly Stream _stream;
    private readonly JsonTypeInfo<T> _json;
    private readonly TimeSpan _idleLimit;
    private readonly CancellationTokenSource _idle;
    private readonly ByteBuffer _buffer = new(ObjectListReader<T>.ObjectBytesMax);
    private int _scanned;

    private WatchStream(HttpResponseMessage response, Stream stream, JsonTypeInfo<T> json, TimeSpan idleLimit, TimeProvider time)
    {
        _response = response;
        _stream = stream;
        _json = json;
        _idleLimit = idleLimit;
        _idle = new CancellationTokenSource(idleLimit, time);
    }

    internal static async Task<WatchStream<T>> OpenAsync(
        HttpResponseMessage response, JsonTypeInfo<T> json, TimeSpan idleLimit, TimeProvider time, CancellationToken stop) =>
        new(response, await response.Content.ReadAsStreamAsync(stop), json, idleLimit, time);

    /// <summary>The next event; after Closed or Error there is none.</summary>
    public async ValueTask<WatchEvent<T>> ReadAsync(CancellationToken stop)
    {
        while (true)
        {
            if (TryTakeLine(out var taken)) return taken;
            var (outcome, error) = await FillAsync(stop);
            if (error is not null) return new WatchEvent<T>(WatchEventType.Closed, Error: error);
            if (outcome == FillOutcome.Full)
                return Closed(ApiErrorReason.Malformed, $"An event is longer than {ObjectListReader<T>.ObjectBytesMax} bytes.");
            if (outcome != FillOutcome.Ended) continue;
            return _buffer.Unread.IsEmpty
                ? new WatchEvent<T>(WatchEventType.Closed)
                : Closed(ApiErrorReason.Transport, "The watch ended in the middle of an event.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _idle.Dispose();
        _buffer.Dispose();
        await _stream.DisposeAsync();
        _response.Dispose();
    }

    private async ValueTask<(FillOutcome Outcome, ApiError? Error)> FillAsync(CancellationToken stop)
    {
        // One timer for the whole stream, pushed back by every read; the caller's token only rings it.
        await using var ring = stop.UnsafeRegister(static idle => ((CancellationTokenSource)idle!).Cancel(), _idle);
        try
        {
            var outcome = await _buffer.FillAsync(_stream, _idle.Token);
            _idle.CancelAfter(_idleLimit);
            return (outcome, null);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return (default, new ApiError(ApiErrorReason.Timeout, 0, $"The watch said nothing for {_idleLimit}."));
        }
        catch (OperationCanceledException)
        {
            throw new OperationCanceledException(stop);
        }
        catch (Exception problem) when (ApiTransport.Translate(problem) is { } error)
        {
            return (default, error);
        }
    }

    private bool TryTakeLine(out WatchEvent<T> taken)
    {
        var unread = _buffer.Unread;
        var length = unread[_scanned..].IndexOf((byte)'\n');
        if (length < 0)
        {
            _scanned = unread.Length;
            taken = default;
            return false;
        }

        length += _scanned;
        _scanned = 0;
        taken = Parse(unread[..length]);
        _buffer.Consume(length + 1);
        return true;
    }

    private WatchEvent<T> Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return ParseEvent(line);
        }
        catch (JsonException problem)
        {
            return Closed(ApiErrorReason.Malformed, problem.Message);
        }
    }

    private WatchEvent<T> ParseEvent(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        var type = "";
        var value = default(Range);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isObject = reader.ValueTextEquals("object"u8);
            var isType = reader.ValueTextEquals("type"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            if (isType) type = PooledStringConverter.ReadPooled(ref reader) ?? "";
            reader.Skip();
            if (isObject) value = start..(int)reader.BytesConsumed;
        }

        var json = line[value];
        if (json.IsEmpty) throw new JsonException("A watch event has no object.");
        return type switch
        {
            "ADDED" => Changed(WatchEventType.Added, json),
            "MODIFIED" => Changed(WatchEventType.Modified, json),
            "DELETED" => Changed(WatchEventType.Deleted, json),
            "BOOKMARK" => new WatchEvent<T>(WatchEventType.Bookmark)
            {
                ResourceVersion = JsonSerializer.Deserialize(json, KubernetesJson.Default.PartialObject)?.Metadata.ResourceVersion,
            },
            "ERROR" => new WatchEvent<T>(
                WatchEventType.Error,
                Error: ApiError.FromStatus(JsonSerializer.Deserialize(json, KubernetesJson.Default.Status) ?? new Status())),
            _ => throw new JsonException($"'{type}' is not a kind of watch event."),
        };
    }

    private WatchEvent<T> Changed(WatchEventType type, ReadOnlySpan<byte> json)
    {
        var value = ObjectReader.TryRead(json, _json, out var unreadable);
        if (value is not null) return new WatchEvent<T>(type, value) { ResourceVersion = value.Metadata.ResourceVersion };
        return new WatchEvent<T>(type == WatchEventType.Deleted ? type : WatchEventType.Unreadable)
        {
            Unreadable = unreadable,
            ResourceVersion = unreadable?.ResourceVersion,
        };
    }

    private static WatchEvent<T> Closed(ApiErrorReason reason, string message) =>
        new(WatchEventType.Closed, Error: new ApiError(reason, 0, message));
}
