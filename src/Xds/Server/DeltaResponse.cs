using System.IO.Pipelines;
using System.Text;
using Mesh.Xds.Grpc;
using Mesh.Xds.Wire;

namespace Mesh.Xds.Server;

/// <summary>
/// One DeltaDiscoveryResponse before it is bytes: resources stay shared with the snapshot and are copied straight into the
/// connection, in steps that honour its back-pressure.
/// </summary>
internal sealed record DeltaResponse(string TypeUrl, IReadOnlyList<Resource> Resources, IReadOnlyList<string> Removed, bool WithAliases)
{
    private const int FlushBytes = 128 * 1024;

    public required string Nonce { get; init; }
    public required string SystemVersion { get; init; }

    /// <summary>Writes the framed message; returns its size.</summary>
    public async ValueTask<long> WriteAsync(PipeWriter output, CancellationToken stop)
    {
        var ends = new ProtoWriter();
        ends.Text(1, SystemVersion);
        var head = ends.Written.ToArray();
        ends.Clear();
        ends.Text(4, TypeUrl);
        ends.Text(5, Nonce);
        foreach (var name in Removed) ends.TextAlways(6, name);
        var tail = ends.Written.ToArray();

        long size = head.Length + tail.Length;
        foreach (var resource in Resources)
        {
            var body = BodySize(resource);
            size += 1 + ProtoWriter.VarintSize((ulong)body) + body;
        }
        if (size > int.MaxValue) throw new InvalidOperationException("a push of more than 2 GiB cannot be framed");
        GrpcPrefix.Write(output.GetSpan(GrpcPrefix.Size), (int)size);
        output.Advance(GrpcPrefix.Size);
        Append(output, head);
        foreach (var resource in Resources)
        {
            WriteResource(output, resource);
            if (output.UnflushedBytes >= FlushBytes) await output.FlushAsync(stop);
        }
        Append(output, tail);
        await output.FlushAsync(stop);
        return size;
    }

    private int BodySize(Resource resource)
    {
        var size = TypeUrl == TypeUrls.Workload ? EncodeAsWorkload(resource).Length : resource.Encoded.Length;
        if (!WithAliases) return size;
        foreach (var alias in resource.Aliases)
        {
            var bytes = Encoding.UTF8.GetByteCount(alias);
            size += 1 + ProtoWriter.VarintSize((ulong)bytes) + bytes;
        }
        return size;
    }

    private void WriteResource(PipeWriter output, Resource resource)
    {
        Span<byte> head = stackalloc byte[11];
        head[0] = (byte)ProtoWriter.Tag(2, WireKind.Bytes);
        Append(output, head[..(1 + ProtoWriter.WriteVarint(head[1..], (ulong)BodySize(resource)))]);
        Append(output, TypeUrl == TypeUrls.Workload ? EncodeAsWorkload(resource) : resource.Encoded);
        if (!WithAliases || resource.Aliases.Length == 0) return;
        var aliases = new ProtoWriter();
        foreach (var alias in resource.Aliases) aliases.TextAlways(4, alias);
        Append(output, aliases.Written);
    }

    /// <summary>The older type: the workload without the Address around it.</summary>
    private static byte[] EncodeAsWorkload(Resource resource)
    {
        var address = new ProtoReader(resource.Value);
        address.Next();
        var writer = new ProtoWriter();
        writer.Text(1, resource.VersionText);
        var any = writer.Begin(2);
        writer.Text(1, TypeUrls.Workload);
        writer.Bytes(2, address.Bytes);
        writer.End(any);
        writer.TextAlways(3, resource.Name);
        return writer.Written.ToArray();
    }

    private static void Append(PipeWriter output, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var span = output.GetSpan();
            var count = Math.Min(span.Length, bytes.Length);
            bytes[..count].CopyTo(span);
            output.Advance(count);
            bytes = bytes[count..];
        }
    }
}
