using System.Security.Cryptography;
using Mesh.Tls13.Records;

namespace Mesh.Tls13.Tests;

public sealed class TlsSessionTests
{
    private static readonly byte[] Left = [.. Enumerable.Range(1, 48).Select(i => (byte)i)];
    private static readonly byte[] Right = [.. Enumerable.Range(101, 48).Select(i => (byte)i)];

    public static TheoryData<CipherSuite> Suites => [CipherSuite.Aes128GcmSha256, CipherSuite.Aes256GcmSha384];

    [Theory, MemberData(nameof(Suites))]
    public void Data_of_every_size_survives(CipherSuite suite)
    {
        using var pair = new Pair(suite);
        foreach (var size in (int[])[1, 2, 15, 16, 17, 255, 1000, 16383, RecordLimits.PayloadBytesMax])
        {
            var data = RandomNumberGenerator.GetBytes(size);
            var record = pair.Seal(data);
            Assert.Equal(TlsReading.Data, pair.Receiver.Read(record, out var consumed, out var payloadBytes));
            Assert.Equal(record.Length, consumed);
            Assert.Equal(data, record[RecordLimits.HeaderBytes..(RecordLimits.HeaderBytes + payloadBytes)]);
        }
        Assert.Equal(9ul, pair.Receiver.Received);
    }

    [Fact]
    public void A_payload_beyond_the_limit_is_not_sealed()
    {
        using var pair = new Pair();
        var record = new byte[RecordLimits.RecordBytesMax];
        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Sender.Seal(record, RecordLimits.PayloadBytesMax + 1));
    }

    [Fact]
    public void Every_truncation_asks_for_more_bytes_and_changes_nothing()
    {
        using var pair = new Pair();
        var record = pair.Seal([1, 2, 3]);
        for (var length = 0; length < record.Length; length++)
        {
            Assert.Equal(TlsReading.NeedMoreBytes, pair.Receiver.Read(record.AsSpan(0, length), out var consumed, out _));
            Assert.Equal(0, consumed);
        }
        Assert.Equal(TlsReading.Data, pair.Receiver.Read(record, out _, out _));
    }

    [Fact]
    public void Every_changed_bit_is_noticed()
    {
        for (var bit = 0; bit < 8 * (RecordLimits.HeaderBytes + 3 + RecordLimits.TrailerBytes); bit++)
        {
            using var pair = new Pair();
            var record = pair.Seal([1, 2, 3]);
            record[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Contains(pair.Receiver.Read(record, out _, out _), (TlsReading[])[TlsReading.Failed, TlsReading.NeedMoreBytes]);
        }
    }

    [Fact]
    public void A_record_out_of_order_or_repeated_is_a_forgery()
    {
        using var pair = new Pair();
        var first = pair.Seal([1]);
        var second = pair.Seal([2]);
        Assert.Equal(TlsReading.Failed, pair.Receiver.Read(second, out _, out _));
        Assert.Equal(AlertDescription.BadRecordMac, pair.Receiver.Alert);

        using var other = new Pair();
        first = other.Seal([1]);
        var again = first.ToArray();
        Assert.Equal(TlsReading.Data, other.Receiver.Read(first, out _, out _));
        Assert.Equal(TlsReading.Failed, other.Receiver.Read(again, out _, out _));
    }

    [Theory]
    [InlineData(20, 1, AlertDescription.UnexpectedMessage)] // change_cipher_spec after the handshake
    [InlineData(22, 40, AlertDescription.UnexpectedMessage)] // an unprotected handshake message: renegotiation
    [InlineData(21, 2, AlertDescription.UnexpectedMessage)] // an unprotected alert: anybody could send it
    [InlineData(23, 16641, AlertDescription.RecordOverflow)]
    [InlineData(23, 16, AlertDescription.BadRecordMac)] // shorter than any sealed record
    public void A_record_that_cannot_be_right_is_refused_by_its_header(byte type, int length, AlertDescription alert)
    {
        using var pair = new Pair();
        Assert.Equal(TlsReading.Failed, pair.Receiver.Read(new byte[] { type, 3, 3, (byte)(length >> 8), (byte)length }, out _, out _));
        Assert.Equal(alert, pair.Receiver.Alert);
    }

    [Theory, MemberData(nameof(Suites))]
    public void A_key_update_is_followed_and_answered(CipherSuite suite)
    {
        using var pair = new Pair(suite);
        var update = new byte[TlsSession.ControlRecordBytesMax];
        update = update[..pair.Sender.WriteKeyUpdate(update, askPeer: true)];
        Assert.Equal(TlsReading.Control, pair.Receiver.Read(update, out _, out _));
        Assert.True(pair.Receiver.OwesKeyUpdate);
        Assert.Equal(TlsReading.Data, pair.Receiver.Read(pair.Seal([7]), out _, out _));

        var answer = new byte[TlsSession.ControlRecordBytesMax];
        answer = answer[..pair.Receiver.WriteKeyUpdate(answer)];
        Assert.False(pair.Receiver.OwesKeyUpdate);
        Assert.Equal(TlsReading.Control, pair.Sender.Read(answer, out _, out _));
        Assert.False(pair.Sender.OwesKeyUpdate);
        var back = Pair.Seal(pair.Receiver, [8]);
        Assert.Equal(TlsReading.Data, pair.Sender.Read(back, out _, out _));
    }

    [Fact]
    public void Our_own_key_changes_before_it_is_worn_out()
    {
        using var worn = new TlsSession(CipherSuite.Aes128GcmSha256, Left.AsSpan(0, 32), Right.AsSpan(0, 32), sent: RecordLimits.RecordsPerKeyMax - 1);
        Assert.False(worn.OwesKeyUpdate);
        Pair.Seal(worn, [1]);
        Assert.True(worn.OwesKeyUpdate);
        worn.WriteKeyUpdate(new byte[TlsSession.ControlRecordBytesMax]);
        Assert.Equal(0ul, worn.Sent);
    }

    [Fact]
    public void Tickets_are_passed_over_in_one_piece_or_in_many()
    {
        using var pair = new Pair();
        byte[] ticket = [4, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        Assert.Equal(TlsReading.Control, pair.Handshake([.. ticket, .. ticket]));
        foreach (var one in ticket) Assert.Equal(TlsReading.Control, pair.Handshake([one]));
        Assert.Equal(TlsReading.Data, pair.Receiver.Read(pair.Seal([1]), out _, out _));
    }

    [Theory]
    [InlineData(new byte[] { }, AlertDescription.UnexpectedMessage)]
    [InlineData(new byte[] { 24, 0, 0, 1, 2 }, AlertDescription.IllegalParameter)]
    [InlineData(new byte[] { 24, 0, 0, 2, 0, 0 }, AlertDescription.DecodeError)]
    [InlineData(new byte[] { 24, 0, 0, 1 }, AlertDescription.DecodeError)]
    [InlineData(new byte[] { 24, 0, 0, 1, 0, 4 }, AlertDescription.UnexpectedMessage)] // bytes under the old key after the update
    [InlineData(new byte[] { 1, 0, 0, 1, 0 }, AlertDescription.UnexpectedMessage)] // a client hello: renegotiation
    [InlineData(new byte[] { 13, 0, 0, 1, 0 }, AlertDescription.UnexpectedMessage)] // a certificate request: post-handshake authentication
    [InlineData(new byte[] { 4, 0xFF, 0xFF, 0xFF }, AlertDescription.UnexpectedMessage)] // a ticket of 16 MiB
    public void Other_handshake_messages_end_the_connection(byte[] message, AlertDescription alert)
    {
        using var pair = new Pair();
        Assert.Equal(TlsReading.Failed, pair.Handshake(message));
        Assert.Equal(alert, pair.Receiver.Alert);
    }

    [Fact]
    public void Data_inside_a_split_handshake_message_ends_the_connection()
    {
        using var pair = new Pair();
        pair.Handshake([4, 0, 0, 9, 1]);
        Assert.Equal(TlsReading.Failed, pair.Receiver.Read(pair.Seal([1]), out _, out _));
    }

    [Fact]
    public void A_flood_of_records_without_data_ends_the_connection()
    {
        using var pair = new Pair();
        for (var i = 0; i < RecordLimits.IdleRecordsMax; i++) Assert.Equal(TlsReading.Control, pair.Receiver.Read(pair.Seal([]), out _, out _));
        Assert.Equal(TlsReading.Failed, pair.Receiver.Read(pair.Seal([]), out _, out _));
    }

    [Fact]
    public void Alerts_are_told_apart()
    {
        using var pair = new Pair();
        var record = new byte[TlsSession.ControlRecordBytesMax];
        Assert.Equal(TlsReading.Control, pair.Receiver.Read(record.AsSpan(0, pair.Sender.WriteAlert(record, AlertDescription.UserCanceled)), out _, out _));
        Assert.Equal(TlsReading.PeerAlert, pair.Receiver.Read(record.AsSpan(0, pair.Sender.WriteAlert(record, AlertDescription.UnknownCa)), out _, out _));
        Assert.Equal(AlertDescription.UnknownCa, pair.Receiver.Alert);
        Assert.Equal(TlsReading.Closed, pair.Receiver.Read(record.AsSpan(0, pair.Sender.WriteAlert(record, AlertDescription.CloseNotify)), out _, out _));
    }

    [Fact]
    public void Sealing_and_opening_allocate_nothing()
    {
        using var pair = new Pair();
        var record = new byte[RecordLimits.RecordBytesMax];
        for (var i = 0; i < 100; i++) Once();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Once();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Once()
        {
            var length = pair.Sender.Seal(record, 1000);
            pair.Receiver.Read(record.AsSpan(0, length), out _, out _);
        }
    }

    private sealed class Pair(CipherSuite suite = CipherSuite.Aes128GcmSha256) : IDisposable
    {
        private readonly RecordSealer raw = new(suite, Left.AsSpan(0, suite.SecretBytes()));

        public TlsSession Sender { get; } = new(suite, Left.AsSpan(0, suite.SecretBytes()), Right.AsSpan(0, suite.SecretBytes()));
        public TlsSession Receiver { get; } = new(suite, Right.AsSpan(0, suite.SecretBytes()), Left.AsSpan(0, suite.SecretBytes()));

        public byte[] Seal(byte[] data)
        {
            // The raw sealer mirrors the sender's numbers, so tests may mix both.
            var record = Seal(Sender, data);
            raw.Seal(new byte[record.Length], data.Length, ContentType.ApplicationData);
            return record;
        }

        public static byte[] Seal(TlsSession session, byte[] data)
        {
            var record = new byte[RecordLimits.HeaderBytes + data.Length + RecordLimits.TrailerBytes];
            data.CopyTo(record, RecordLimits.HeaderBytes);
            Assert.Equal(record.Length, session.Seal(record, data.Length));
            return record;
        }

        public TlsReading Handshake(byte[] message)
        {
            var record = new byte[RecordLimits.HeaderBytes + message.Length + RecordLimits.TrailerBytes];
            message.CopyTo(record, RecordLimits.HeaderBytes);
            raw.Seal(record, message.Length, ContentType.Handshake);
            Sender.Seal(new byte[record.Length], message.Length);
            return Receiver.Read(record, out _, out _);
        }

        public void Dispose()
        {
            raw.Dispose();
            Sender.Dispose();
            Receiver.Dispose();
        }
    }
}
