using Mesh.Tls13.Records;

namespace Mesh.Tls13.Tests;

/// <summary>The trace of RFC 8448, section 3 (simple 1-RTT handshake), from its application secrets on.</summary>
public sealed class Rfc8448Tests
{
    private static readonly byte[] ClientSecret = Hex("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
    private static readonly byte[] ServerSecret = Hex("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
    private static readonly byte[] Payload = [.. Enumerable.Range(0, 50).Select(i => (byte)i)];

    private static readonly byte[] ClientRecord = Hex(
        "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4");

    private static readonly byte[] ClientClose = Hex("1703030013c9872760655666b74d7ff1153efd6db6d0b0e3");

    [Fact]
    public void The_key_schedule_derives_the_keys_of_the_trace()
    {
        Span<byte> key = stackalloc byte[16];
        Span<byte> iv = stackalloc byte[12];
        KeySchedule.ExpandLabel(CipherSuite.Aes128GcmSha256, ServerSecret, "key", key);
        KeySchedule.ExpandLabel(CipherSuite.Aes128GcmSha256, ServerSecret, "iv", iv);
        Assert.Equal("9f02283b6c9c07efc26bb9f2ac92e356", Convert.ToHexStringLower(key));
        Assert.Equal("cf782b88dd83549aadf1e984", Convert.ToHexStringLower(iv));
        KeySchedule.ExpandLabel(CipherSuite.Aes128GcmSha256, ClientSecret, "key", key);
        KeySchedule.ExpandLabel(CipherSuite.Aes128GcmSha256, ClientSecret, "iv", iv);
        Assert.Equal("17422dda596ed5d9acd890e3c63f5051", Convert.ToHexStringLower(key));
        Assert.Equal("5b78923dee08579033e523d9", Convert.ToHexStringLower(iv));
    }

    [Fact]
    public void The_client_seals_the_records_of_the_trace()
    {
        using var client = new TlsSession(CipherSuite.Aes128GcmSha256, ClientSecret, ServerSecret);
        var record = new byte[RecordLimits.HeaderBytes + Payload.Length + RecordLimits.TrailerBytes];
        Payload.CopyTo(record, RecordLimits.HeaderBytes);
        Assert.Equal(record.Length, client.Seal(record, Payload.Length));
        Assert.Equal(ClientRecord, record);
        var close = new byte[TlsSession.ControlRecordBytesMax];
        Assert.Equal(ClientClose, close[..client.WriteAlert(close, AlertDescription.CloseNotify)]);
    }

    [Fact]
    public void The_server_opens_the_records_of_the_trace_in_one_buffer()
    {
        using var server = new TlsSession(CipherSuite.Aes128GcmSha256, ServerSecret, ClientSecret);
        byte[] input = [.. ClientRecord, .. ClientClose];
        Assert.Equal(TlsReading.Data, server.Read(input, out var consumed, out var payloadBytes));
        Assert.Equal(ClientRecord.Length, consumed);
        Assert.Equal(Payload, input[RecordLimits.HeaderBytes..(RecordLimits.HeaderBytes + payloadBytes)]);
        Assert.Equal(TlsReading.Closed, server.Read(input.AsSpan(consumed), out consumed, out _));
        Assert.Equal(ClientClose.Length, consumed);
    }

    private static byte[] Hex(string text) => Convert.FromHexString(text);
}
