using System.Text;
using Mesh.Hbone.Tunnels;
using Mesh.Http2;

namespace Mesh.Hbone;

/// <summary>A peer's CONNECT, to be answered once, on its loop.</summary>
public sealed class ConnectRequest
{
    private const int AnswerBytesMax = 4096;

    private readonly Tunnel tunnel;
    private readonly TunnelStream stream;

    internal ConnectRequest(TunnelServer server, Tunnel tunnel, TunnelStream stream, HeaderFields fields)
    {
        Server = server;
        this.tunnel = tunnel;
        this.stream = stream;
        Authority = Encoding.Latin1.GetString(fields.Authority);
        Forwarded = Read(fields, "forwarded"u8);
        if (fields.Find("baggage"u8, out var baggage)) Baggage = server.BaggageOf(baggage);
        ForwardedNetwork = Read(fields, "x-forwarded-network"u8);
    }

    /// <summary>"10.1.2.3:80", "[fd00::1]:80" or "name.ns.svc:80", as the peer wrote it.</summary>
    public string Authority { get; }
    public string? Forwarded { get; }
    public string? Baggage { get; }
    public string? ForwardedNetwork { get; }
    public TunnelPeer Peer => tunnel.Peer;
    public TunnelServer Server { get; }

    /// <summary>The client gave up before the answer.</summary>
    public bool IsGone => stream.IsGone;

    public bool IsAnswered { get; private set; }

    /// <summary>Answers 200; null when the client is gone.</summary>
    public TunnelStream? Accept(string? baggage = null)
    {
        Span<byte> room = stackalloc byte[AnswerBytesMax];
        var headers = new HeaderBuilder(room);
        if (baggage is { Length: > 0 }) HeaderText.Add(ref headers, "baggage"u8, baggage, HeaderIndexing.Remember);
        var fields = headers.Overflowed ? default : headers.Fields; // Labels only: an answer without them is better than none.
        if (!Answer() || !tunnel.Respond(stream.Id, 200, fields, endStream: false)) return null;
        stream.Status = 200;
        return stream;
    }

    /// <summary>Answers with headers only: 400, 401, 503 …</summary>
    public void Reject(int status)
    {
        if (!Answer()) return;
        stream.Status = status;
        tunnel.Respond(stream.Id, status, default, endStream: true);
        stream.Refuse();
    }

    private bool Answer()
    {
        if (IsAnswered) throw new InvalidOperationException("The request was answered before.");
        IsAnswered = true;
        Server.NoteAnswered();
        return !stream.IsGone;
    }

    private static string? Read(HeaderFields fields, ReadOnlySpan<byte> name) =>
        fields.Find(name, out var value) ? Encoding.Latin1.GetString(value) : null;
}
