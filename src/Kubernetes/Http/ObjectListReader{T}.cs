using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Http;

/// <summary>
/// Reads a list object by object while it arrives, so that a list of a hundred thousand needs the memory of its objects
/// and one of their texts. One use, one owner.
/// </summary>
internal sealed class ObjectListReader<T>(JsonTypeInfo<T> type)
    where T : class, IKubernetesObject
{
    /// <summary>No object may be longer; etcd refuses a tenth of it.</summary>
    public const int ObjectBytesMax = 16 * 1024 * 1024;

    private readonly List<T> _items = [];
    private readonly List<UnreadableObject> _unreadable = [];
    private ListMeta _metadata = new();
    private JsonReaderState _state;
    private Place _place = Place.Before;

    private enum Place
    {
        Before,
        Inside,
        Items,
        Done,
    }

    /// <summary>Throws <see cref="JsonException"/> when the text is no list or an object is longer than allowed.</summary>
    public async Task<ObjectList<T>> ReadAsync(Stream stream, CancellationToken stop)
    {
        using var buffer = new ByteBuffer(ObjectBytesMax);
        var ended = false;
        while (true)
        {
            buffer.Consume(Advance(buffer.Unread, ended));
            if (_place == Place.Done) break;
            switch (await buffer.FillAsync(stream, stop))
            {
                case FillOutcome.Ended: ended = true; break;
                case FillOutcome.Full: throw new JsonException($"An object is longer than {ObjectBytesMax} bytes.");
                case FillOutcome.Read: break;
            }
        }

        return new ObjectList<T>(_metadata.ResourceVersion ?? "", _items)
        {
            Continue = string.IsNullOrEmpty(_metadata.Continue) ? null : _metadata.Continue,
            Unreadable = _unreadable,
        };
    }

    // Takes every step that is complete in the buffer; what is not is read again with more bytes behind it.
    private int Advance(ReadOnlySpan<byte> bytes, bool ended)
    {
        var reader = new Utf8JsonReader(bytes, ended, _state);
        var consumed = 0;
        while (_place != Place.Done && TryStep(ref reader, bytes))
        {
            consumed = (int)reader.BytesConsumed;
            _state = reader.CurrentState;
        }

        return consumed;
    }

    private bool TryStep(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes)
    {
        if (!reader.Read()) return false;
        switch (_place)
        {
            case Place.Before:
                if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("The list is not an object.");
                _place = Place.Inside;
                return true;
            case Place.Inside when reader.TokenType == JsonTokenType.EndObject:
                _place = Place.Done;
                return true;
            case Place.Inside when reader.ValueTextEquals("items"u8):
                if (!reader.Read()) return false;
                if (reader.TokenType == JsonTokenType.StartArray) _place = Place.Items;
                else if (reader.TokenType != JsonTokenType.Null) throw new JsonException("The items of the list are not an array.");
                return true;
            case Place.Inside:
                return TryStepOverProperty(ref reader, bytes);
            case Place.Items when reader.TokenType == JsonTokenType.EndArray:
                _place = Place.Inside;
                return true;
            default:
                return TryTakeItem(ref reader, bytes);
        }
    }

    private bool TryStepOverProperty(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes)
    {
        var isMetadata = reader.ValueTextEquals("metadata"u8);
        if (!reader.Read()) return false;
        var start = (int)reader.TokenStartIndex;
        if (!reader.TrySkip()) return false;
        if (!isMetadata) return true;
        var json = bytes[start..(int)reader.BytesConsumed];
        _metadata = JsonSerializer.Deserialize(json, KubernetesJson.Default.ListMeta) ?? new ListMeta();
        return true;
    }

    private bool TryTakeItem(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes)
    {
        var start = (int)reader.TokenStartIndex;
        if (!reader.TrySkip()) return false;
        var item = ObjectReader.TryRead(bytes[start..(int)reader.BytesConsumed], type, out var unreadable);
        if (item is not null) _items.Add(item);
        if (unreadable is not null) _unreadable.Add(unreadable);
        return true;
    }
}
