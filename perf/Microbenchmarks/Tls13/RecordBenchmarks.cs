using BenchmarkDotNet.Attributes;
using Mesh.Tls13;
using Mesh.Tls13.Records;

namespace Mesh.Microbenchmarks.Tls13;

/// <summary>One record sealed, and one sealed and opened.</summary>
public class RecordBenchmarks
{
    private readonly byte[] record = new byte[RecordLimits.RecordBytesMax];
    private TlsSession sender = null!;
    private TlsSession receiver = null!;

    [Params(64, 1024, 16_384)]
    public int PayloadBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var secret = new byte[32];
        sender = new TlsSession(CipherSuite.Aes128GcmSha256, secret, secret);
        receiver = new TlsSession(CipherSuite.Aes128GcmSha256, secret, secret);
    }

    [Benchmark]
    public int SealAndOpen()
    {
        var length = sender.Seal(record, PayloadBytes);
        return receiver.Read(record.AsSpan(0, length), out _, out var payload) == TlsReading.Data
            ? payload
            : throw new InvalidOperationException("What was sealed does not open.");
    }
}
