using System.Net.Sockets;
using System.Text;
using Mesh.Tls13.Handshake;
using Mesh.Tls13.Records;

namespace Mesh.Tls13.Tests;

/// <summary>Our end over a blocking-style socket: enough I/O for a test.</summary>
internal sealed class Conversation(Socket connection, TlsSession session, byte[] peerLeaf, byte[] received) : IDisposable
{
    private byte[] pending = received;

    public TlsSession Session => session;
    public byte[] PeerLeaf => peerLeaf;

    public static async Task<Conversation> HandshakeAsync(Socket connection, TlsContext context)
    {
        using var handshake = new TlsHandshake(context);
        var unread = Array.Empty<byte>();
        while (true)
        {
            var output = new byte[handshake.OutputBytes];
            handshake.TakeOutput(output);
            if (output.Length > 0) await connection.SendAsync(output);
            if (handshake.Progress == HandshakeProgress.Failed) throw new InvalidOperationException(handshake.Problem);
            if (handshake.Progress == HandshakeProgress.Complete)
                return new Conversation(connection, handshake.CreateSession(), handshake.PeerLeaf(), unread);
            var buffer = new byte[16 * 1024];
            var n = await connection.ReceiveAsync(buffer);
            if (n == 0) throw new InvalidOperationException("The peer closed the connection.");
            unread = [.. unread, .. buffer[..n]];
            handshake.Advance(unread, out var consumed);
            unread = unread[consumed..];
        }
    }

    public async Task SendAsync(string text)
    {
        var data = Encoding.ASCII.GetBytes(text);
        var record = new byte[RecordLimits.HeaderBytes + data.Length + RecordLimits.TrailerBytes];
        data.CopyTo(record, RecordLimits.HeaderBytes);
        session.Seal(record, data.Length);
        await connection.SendAsync(record);
    }

    public async Task UpdateKeyAsync(bool askPeer)
    {
        var record = new byte[TlsSession.ControlRecordBytesMax];
        await connection.SendAsync(record.AsMemory(0, session.WriteKeyUpdate(record, askPeer)));
    }

    public async Task<string> ReadAsync(int bytes)
    {
        var text = "";
        while (text.Length < bytes)
        {
            var reading = await ReadOneAsync(payload => text += Encoding.ASCII.GetString(payload));
            Assert.Contains(reading, (TlsReading[])[TlsReading.Data, TlsReading.Control]);
        }
        return text;
    }

    public async Task<TlsReading> ReadOneAsync(Action<byte[]>? onData = null)
    {
        while (true)
        {
            var reading = session.Read(pending, out var consumed, out var payloadBytes);
            if (reading == TlsReading.Data) onData?.Invoke(pending[RecordLimits.HeaderBytes..(RecordLimits.HeaderBytes + payloadBytes)]);
            pending = pending[consumed..];
            if (reading == TlsReading.Control && onData is null) continue;
            if (reading != TlsReading.NeedMoreBytes) return reading;
            var buffer = new byte[16 * 1024];
            var n = await connection.ReceiveAsync(buffer);
            Assert.NotEqual(0, n);
            pending = [.. pending, .. buffer[..n]];
        }
    }

    public void Dispose()
    {
        session.Dispose();
        connection.Dispose();
    }
}
