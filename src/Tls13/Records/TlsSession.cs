using Mesh.Tls13.Records.Interop;

namespace Mesh.Tls13.Records;

/// <summary>
/// A TLS 1.3 connection after its handshake: seals and opens records in place and answers what TLS itself asks (key updates, tickets,
/// alerts). No I/O. One owner, one thread; secrets are zeroed on dispose.
/// </summary>
public sealed class TlsSession : IDisposable
{
    private const byte NewSessionTicket = 4;
    private const byte KeyUpdate = 24;
    private const int KeyUpdateMessageBytes = 5;
    private const int HandshakeHeaderBytes = 4;

    /// <summary>A ticket may carry two fields of 64 KiB; nothing else we pass over is longer.</summary>
    private const int HandshakeBytesMax = 2 * 65536 + 64;

    /// <summary>The longest control record that <see cref="WriteKeyUpdate"/> and <see cref="WriteAlert"/> produce.</summary>
    public const int ControlRecordBytesMax = RecordLimits.HeaderBytes + KeyUpdateMessageBytes + RecordLimits.TrailerBytes;

    private readonly RecordSealer sealer;
    private readonly RecordOpener opener;
    private int ticketBytesLeft;
    private int idleRecords;
    private uint partialHeader;
    private int partialHeaderBytes;

    /// <summary>Copies the secrets; the caller still owns its own.</summary>
    public TlsSession(CipherSuite suite, ReadOnlySpan<byte> sendSecret, ReadOnlySpan<byte> receiveSecret, ulong sent = 0, ulong received = 0)
    {
        Suite = suite;
        sealer = new RecordSealer(suite, sendSecret, sent);
        opener = new RecordOpener(suite, receiveSecret, received);
    }

    public CipherSuite Suite { get; }

    /// <summary>Which library seals and opens records in this process, for people to read.</summary>
    public static string CipherLibrary => VaesLibrary.IsAvailable ? "libIPSec_MB (VAES, AVX-512)" : "OpenSSL";

    /// <summary>What the peer said, or what we must say to it, after <see cref="TlsReading.PeerAlert"/> or <see cref="TlsReading.Failed"/>.</summary>
    public AlertDescription Alert { get; private set; }

    /// <summary>The peer asked for it, or our key is used up: write a key update before the next data.</summary>
    public bool OwesKeyUpdate { get; private set; }

    /// <summary>Next record number each way, for tests and for writing the state down.</summary>
    public ulong Sent => sealer.Sequence;
    public ulong Received => opener.Sequence;

    /// <summary>
    /// Opens the record at the start of <paramref name="input"/>. For <see cref="TlsReading.Data"/> the payload is
    /// <c>input.Slice(RecordLimits.HeaderBytes, payloadBytes)</c>, never empty.
    /// </summary>
    public TlsReading Read(Span<byte> input, out int consumed, out int payloadBytes)
    {
        var opening = opener.Open(input, out consumed, out var type, out payloadBytes);
        if (opening == RecordOpening.NeedMoreBytes) return TlsReading.NeedMoreBytes;
        if (opening != RecordOpening.Opened) return Fail(AlertFor(opening));
        if (type == ContentType.ApplicationData && payloadBytes > 0 && ticketBytesLeft == 0 && partialHeaderBytes == 0)
        {
            idleRecords = 0;
            return TlsReading.Data;
        }

        var payload = input.Slice(RecordLimits.HeaderBytes, payloadBytes);
        payloadBytes = 0;
        if (++idleRecords > RecordLimits.IdleRecordsMax) return Fail(AlertDescription.UnexpectedMessage);
        return type switch
        {
            ContentType.Alert => ReadAlert(payload),
            ContentType.Handshake => ReadHandshake(payload),
            // RFC 8446, 5.1: an empty data record is allowed; data inside a fragmented handshake message is not.
            ContentType.ApplicationData when ticketBytesLeft == 0 && partialHeaderBytes == 0 => TlsReading.Control,
            _ => Fail(AlertDescription.UnexpectedMessage),
        };
    }

    /// <summary>Seals data that stands behind room for the header, with room for the trailer after it; the finished record's length.</summary>
    public int Seal(Span<byte> record, int payloadBytes)
    {
        var length = sealer.Seal(record, payloadBytes, ContentType.ApplicationData);
        if (sealer.Sequence >= RecordLimits.RecordsPerKeyMax) OwesKeyUpdate = true;
        return length;
    }

    /// <summary>Tells the peer that our next record has a new key, and changes it. The finished record's length.</summary>
    public int WriteKeyUpdate(Span<byte> record, bool askPeer = false)
    {
        ReadOnlySpan<byte> message = [KeyUpdate, 0, 0, 1, askPeer ? (byte)1 : (byte)0];
        message.CopyTo(record[RecordLimits.HeaderBytes..]);
        var length = sealer.Seal(record, message.Length, ContentType.Handshake);
        sealer.UpdateKey();
        OwesKeyUpdate = false;
        return length;
    }

    /// <summary>An alert; everything but close_notify and user_canceled is fatal by definition. The finished record's length.</summary>
    public int WriteAlert(Span<byte> record, AlertDescription description)
    {
        const byte warning = 1, fatal = 2;
        record[RecordLimits.HeaderBytes] = description is AlertDescription.CloseNotify or AlertDescription.UserCanceled ? warning : fatal;
        record[RecordLimits.HeaderBytes + 1] = (byte)description;
        return sealer.Seal(record, 2, ContentType.Alert);
    }

    public void Dispose()
    {
        sealer.Dispose();
        opener.Dispose();
    }

    private TlsReading ReadAlert(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != 2) return Fail(AlertDescription.DecodeError);
        Alert = (AlertDescription)payload[1];
        return Alert switch
        {
            AlertDescription.CloseNotify => TlsReading.Closed,
            AlertDescription.UserCanceled => TlsReading.Control, // A close_notify follows (RFC 8446, section 6.1).
            _ => TlsReading.PeerAlert,
        };
    }

    /// <summary>Messages may span records, and several may share one. Tickets are passed over; nothing else but key updates is allowed.</summary>
    private TlsReading ReadHandshake(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty) return Fail(AlertDescription.UnexpectedMessage); // RFC 8446, 5.1.
        while (!payload.IsEmpty)
        {
            if (ticketBytesLeft > 0)
            {
                var skipped = Math.Min(ticketBytesLeft, payload.Length);
                ticketBytesLeft -= skipped;
                payload = payload[skipped..];
                continue;
            }
            while (partialHeaderBytes < HandshakeHeaderBytes && !payload.IsEmpty)
            {
                partialHeader = (partialHeader << 8) | payload[0];
                partialHeaderBytes++;
                payload = payload[1..];
            }
            if (partialHeaderBytes < HandshakeHeaderBytes) break;
            var type = (byte)(partialHeader >> 24);
            var length = (int)(partialHeader & 0xFF_FFFF);
            partialHeaderBytes = 0;
            partialHeader = 0;
            if (type == NewSessionTicket && length is > 0 and <= HandshakeBytesMax) ticketBytesLeft = length;
            // A key update ends its record: what follows has another key (RFC 8446, 5.1), so it is never split by an honest peer either.
            else if (type == KeyUpdate) return ReadKeyUpdate(payload, length);
            else return Fail(AlertDescription.UnexpectedMessage);
        }
        return TlsReading.Control;
    }

    private TlsReading ReadKeyUpdate(ReadOnlySpan<byte> payload, int length)
    {
        if (length != 1 || payload.IsEmpty) return Fail(AlertDescription.DecodeError);
        if (payload.Length > 1) return Fail(AlertDescription.UnexpectedMessage);
        if (payload[0] > 1) return Fail(AlertDescription.IllegalParameter);
        if (payload[0] == 1) OwesKeyUpdate = true;
        opener.UpdateKey();
        return TlsReading.Control;
    }

    private TlsReading Fail(AlertDescription alert)
    {
        Alert = alert;
        return TlsReading.Failed;
    }

    private static AlertDescription AlertFor(RecordOpening opening) => opening switch
    {
        RecordOpening.TooLong => AlertDescription.RecordOverflow,
        RecordOpening.Forged => AlertDescription.BadRecordMac,
        RecordOpening.Unexpected or RecordOpening.NoType => AlertDescription.UnexpectedMessage,
        RecordOpening.Opened or RecordOpening.NeedMoreBytes => throw new System.Diagnostics.UnreachableException(),
    };
}
