using System.Text;

namespace Mesh.Inpod;

/// <summary>
/// ZDS on the wire, package istio.workload.zds: one protobuf message per packet, no length in front. Encoding beside decoding, no I/O.
/// <code>
/// ZdsHello         1 version (V1 = 1)
/// WorkloadRequest  1 add { 1 uid, 2 info { 1 name, 2 namespace, 3 service account } }, 2 del { 2 uid }, 3 snapshot sent {}, 5 keep { 1 uid }
/// WorkloadResponse 1 ack { 1 error }
/// </code>
/// </summary>
public static class InpodWire
{
    public const int PacketBytesMax = 1024;

    private const int Version1 = 1;
    private const int DeleteUidField = 2; // Not 1: upstream's message begins at 2.

    /// <summary>Room an error may take next to its headers, so that a refusal always fits a packet.</summary>
    private const int ErrorBytesMax = PacketBytesMax - 16;

    public static ReadOnlySpan<byte> Hello => [0x08, Version1];

    public static bool TryReadHello(ReadOnlySpan<byte> packet, out ulong version)
    {
        version = 0;
        var reader = new ProtobufReader(packet);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadField(out var number, out _, out var value)) return false;
            if (number == 1) version = value;
        }

        return version == Version1;
    }

    /// <summary>Zero when the request does not fit a packet.</summary>
    public static int WriteRequest(InpodRequest request, Span<byte> packet)
    {
        var body = new ArrayWriter();
        switch (request.Kind)
        {
            case InpodRequestKind.Add:
                body.WriteText(1, request.Uid);
                if (request.Info is { } info)
                {
                    var inner = new ArrayWriter();
                    inner.WriteText(1, info.Name);
                    inner.WriteText(2, info.Namespace);
                    inner.WriteText(3, info.ServiceAccount);
                    body.WriteMessage(2, inner);
                }

                break;
            case InpodRequestKind.Delete:
                body.WriteText(DeleteUidField, request.Uid);
                break;
            case InpodRequestKind.Keep:
                body.WriteText(1, request.Uid);
                break;
            case InpodRequestKind.SnapshotSent:
                break;
            case InpodRequestKind.None:
                throw new ArgumentException("A request needs a kind.", nameof(request));
        }

        var whole = new ArrayWriter();
        whole.WriteMessage((int)request.Kind, body);
        return whole.TryCopyTo(packet);
    }

    public static bool TryReadRequest(ReadOnlySpan<byte> packet, out InpodRequest request)
    {
        request = default;
        var reader = new ProtobufReader(packet);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadField(out var number, out var content, out _)) return false;
            // The last one of a oneof wins.
            if (number is 1 or 2 or 3 or 5 && !TryReadBody((InpodRequestKind)number, content, out request)) return false;
        }

        return request.Kind is InpodRequestKind.SnapshotSent || (request.Kind != InpodRequestKind.None && request.Uid.Length > 0);
    }

    /// <summary>An empty error is success; a long one is cut at a character's end.</summary>
    public static int WriteAck(string error, Span<byte> packet)
    {
        var text = Encoding.UTF8.GetBytes(error);
        var length = Math.Min(text.Length, ErrorBytesMax);
        while (length < text.Length && length > 0 && (text[length] & 0xC0) == 0x80) length--;
        var body = new ArrayWriter();
        if (length > 0) body.WriteBytes(1, text.AsSpan(0, length));
        var whole = new ArrayWriter();
        whole.WriteMessage(1, body);
        return whole.TryCopyTo(packet);
    }

    public static bool TryReadAck(ReadOnlySpan<byte> packet, out string error)
    {
        error = string.Empty;
        var isAck = false;
        var reader = new ProtobufReader(packet);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadField(out var number, out var content, out _)) return false;
            if (number != 1) continue;
            isAck = true;
            var body = new ProtobufReader(content);
            while (!body.IsAtEnd)
            {
                if (!body.TryReadField(out var field, out var text, out _)) return false;
                if (field == 1 && !ProtobufReader.TryReadText(text, out error)) return false;
            }
        }

        return isAck;
    }

    private static bool TryReadBody(InpodRequestKind kind, ReadOnlySpan<byte> bytes, out InpodRequest request)
    {
        request = default;
        var uidField = kind == InpodRequestKind.Delete ? DeleteUidField : 1;
        var uid = string.Empty;
        PodInfo? info = null;
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadField(out var number, out var content, out _)) return false;
            if (kind == InpodRequestKind.SnapshotSent) continue;
            if (number == uidField && !ProtobufReader.TryReadText(content, out uid)) return false;
            if (kind == InpodRequestKind.Add && number == 2 && !TryReadInfo(content, out info)) return false;
        }

        request = new InpodRequest(kind, uid, info);
        return true;
    }

    private static bool TryReadInfo(ReadOnlySpan<byte> bytes, out PodInfo? info)
    {
        info = null;
        var (name, space, account) = (string.Empty, string.Empty, string.Empty);
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadField(out var number, out var content, out _)) return false;
            var valid = number switch
            {
                1 => ProtobufReader.TryReadText(content, out name),
                2 => ProtobufReader.TryReadText(content, out space),
                3 => ProtobufReader.TryReadText(content, out account),
                _ => true,
            };
            if (!valid) return false;
        }

        info = new PodInfo(name, space, account);
        return true;
    }

    /// <summary>Grows as written; a packet is small and rare.</summary>
    private sealed class ArrayWriter
    {
        private readonly List<byte> _bytes = [];

        public void WriteText(int field, string text)
        {
            if (text.Length > 0) WriteBytes(field, Encoding.UTF8.GetBytes(text));
        }

        public void WriteMessage(int field, ArrayWriter body) =>
            WriteBytes(field, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(body._bytes));

        public void WriteBytes(int field, ReadOnlySpan<byte> content)
        {
            _bytes.Add((byte)((field << 3) | 2));
            var length = (uint)content.Length;
            for (; length >= 0x80; length >>= 7) _bytes.Add((byte)(length | 0x80));
            _bytes.Add((byte)length);
            _bytes.AddRange(content);
        }

        public int TryCopyTo(Span<byte> packet)
        {
            if (_bytes.Count > Math.Min(packet.Length, PacketBytesMax)) return 0;
            _bytes.CopyTo(packet);
            return _bytes.Count;
        }
    }
}
