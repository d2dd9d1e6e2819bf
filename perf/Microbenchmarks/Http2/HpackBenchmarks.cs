using BenchmarkDotNet.Attributes;
using Mesh.Http2;
using Mesh.Http2.Hpack;

namespace Mesh.Microbenchmarks.Http2;

/// <summary>The header block of a CONNECT, the first time on a connection and every time after.</summary>
public class HpackBenchmarks
{
    private const int TableBytes = 4096;
    private readonly byte[] packed = new byte[1024];
    private readonly byte[] output = new byte[4096];
    private readonly byte[] room = new byte[16 * 1024];
    private readonly byte[] huffman = new byte[512];
    private readonly HpackEncoder encoder = new(TableBytes);
    private readonly HpackDecoder decoder = new(TableBytes, 16 * 1024, 128);
    private byte[] repeated = [];
    private int huffmanBytes;

    private HeaderFields Fields
    {
        get
        {
            var builder = new HeaderBuilder(packed);
            builder.Add(":method"u8, "CONNECT"u8, HeaderIndexing.Remember);
            builder.Add(":authority"u8, "10.1.2.3:8080"u8, HeaderIndexing.Remember);
            builder.Add("baggage"u8, "k8s.cluster.name=Kubernetes,k8s.namespace.name=shop,k8s.deployment.name=cart,service.name=cart"u8, HeaderIndexing.Remember);
            builder.Add("forwarded"u8, "for=\"10.1.2.4:41234\""u8);
            builder.Add("traceparent"u8, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"u8);
            return builder.Fields;
        }
    }

    [GlobalSetup]
    public void Setup()
    {
        var first = encoder.Encode(Fields, output);
        decoder.Decode(output.AsSpan(0, first), room, out _);
        repeated = output[..encoder.Encode(Fields, output)];
        huffmanBytes = Huffman.Encode("k8s.cluster.name=Kubernetes,k8s.namespace.name=shop"u8, huffman);
    }

    [Benchmark]
    public int EncodeRepeated() => encoder.Encode(Fields, output);

    [Benchmark]
    public int EncodeFirst() => new HpackEncoder(TableBytes).Encode(Fields, output);

    [Benchmark]
    public int DecodeRepeated()
    {
        decoder.Decode(repeated, room, out var length);
        return length;
    }

    [Benchmark]
    public int DecodeHuffman() => Huffman.Decode(huffman.AsSpan(0, huffmanBytes), room);
}
