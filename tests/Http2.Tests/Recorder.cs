using System.Text;

namespace Mesh.Http2.Tests;

/// <summary>Writes down what an engine reports, one line per event, and keeps the payload.</summary>
internal sealed class Recorder : IHttp2Events
{
    public List<string> Lines { get; } = [];
    public Dictionary<int, MemoryStream> Data { get; } = [];
    public List<int> Requests { get; } = [];
    public List<int> Ended { get; } = [];
    public List<(int StreamId, ErrorCode Code, ResetReason Reason)> Resets { get; } = [];
    public Action<int, int>? DataSeen { get; set; }
    public Action<int>? RequestSeen { get; set; }
    public Action<int>? WindowSeen { get; set; }

    public void OnRequest(int streamId, HeaderFields fields, bool endStream)
    {
        Requests.Add(streamId);
        Lines.Add($"request {streamId} {Show(fields)}{(endStream ? " end" : "")}");
        RequestSeen?.Invoke(streamId);
    }

    public void OnResponse(int streamId, HeaderFields fields, bool endStream) =>
        Lines.Add($"response {streamId} {Show(fields)}{(endStream ? " end" : "")}");

    public void OnTrailers(int streamId, HeaderFields fields) => Lines.Add($"trailers {streamId} {Show(fields)}");

    public void OnData(int streamId, ReadOnlySpan<byte> payload)
    {
        if (!Data.TryGetValue(streamId, out var data)) Data[streamId] = data = new MemoryStream();
        data.Write(payload);
        DataSeen?.Invoke(streamId, payload.Length);
    }

    public void OnEndOfStream(int streamId)
    {
        Ended.Add(streamId);
        Lines.Add($"end {streamId}");
    }

    public void OnReset(int streamId, ErrorCode code, ResetReason reason)
    {
        Resets.Add((streamId, code, reason));
        Lines.Add($"reset {streamId} {code} {reason}");
    }

    public void OnSendWindow(int streamId)
    {
        Lines.Add($"window {streamId}");
        WindowSeen?.Invoke(streamId);
    }

    public void OnGoAway(int lastStreamId, ErrorCode code, ReadOnlySpan<byte> debugData) =>
        Lines.Add($"goaway {lastStreamId} {code} {Encoding.UTF8.GetString(debugData)}".TrimEnd());

    public void OnPeerSettings() => Lines.Add("settings");

    public void OnPong(ulong payload) => Lines.Add($"pong {payload}");

    public byte[] DataOf(int streamId) => Data.TryGetValue(streamId, out var data) ? data.ToArray() : [];

    public static string Show(HeaderFields fields)
    {
        var text = new StringBuilder();
        foreach (var field in fields) text.Append(Encoding.ASCII.GetString(field.Name)).Append('=').Append(Encoding.ASCII.GetString(field.Value)).Append(';');
        return text.ToString();
    }
}
