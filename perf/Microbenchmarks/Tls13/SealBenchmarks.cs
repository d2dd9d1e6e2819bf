using BenchmarkDotNet.Attributes;
using Mesh.Tls13;
using Mesh.Tls13.Records;

namespace Mesh.Microbenchmarks.Tls13;

/// <summary>Sealing alone, so that opening is the difference.</summary>
public class SealBenchmarks
{
    private readonly byte[] record = new byte[RecordLimits.RecordBytesMax];
    private TlsSession sender = null!;

    [Params(64, 1024, 16_384)]
    public int PayloadBytes { get; set; }

    [GlobalSetup]
    public void Setup() => sender = new TlsSession(CipherSuite.Aes128GcmSha256, new byte[32], new byte[32]);

    [Benchmark]
    public int Seal() => sender.Seal(record, PayloadBytes);
}
