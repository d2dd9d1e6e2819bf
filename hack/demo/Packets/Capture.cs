using System.Text;

namespace Mesh.Demo.Packets;

/// <summary>What crossed a node's interfaces while something happened, and what can be said of it.</summary>
public sealed class Capture(List<PcapReader.Segment> segments)
{
    public const int HbonePort = 15008;

    // RFC 8446, 4.1.3: record type handshake, legacy version, length; message type server_hello; then supported_versions = 0x0304.
    private static readonly byte[] Tls13Chosen = [0x00, 0x2B, 0x00, 0x02, 0x03, 0x04];

    public int Segments => segments.Count;

    public bool Shows(string marker)
    {
        var needle = Encoding.ASCII.GetBytes(marker);
        return segments.Exists(segment => segment.Payload.Span.IndexOf(needle) >= 0);
    }

    /// <summary>Segments to or from the HBONE port that carry bytes.</summary>
    public int HboneSegments => segments.Count(segment => IsHbone(segment) && segment.Payload.Length > 0);

    /// <summary>A server on the HBONE port chose TLS 1.3 in its hello.</summary>
    public bool HboneChoseTls13 => segments.Exists(segment =>
        segment.SourcePort == HbonePort && segment.Payload.Length > 6 && segment.Payload.Span[0] == 0x16 && segment.Payload.Span[5] == 0x02
        && segment.Payload.Span.IndexOf(Tls13Chosen) > 0);

    /// <summary>Every segment of the HBONE port that starts a TLS record carries a known record type.</summary>
    public bool HboneRecordsOnly => segments.Where(segment => IsHbone(segment) && segment.Payload.Length > 0)
        .Select(segment => segment.Payload.Span[0]).Any(type => type is 0x14 or 0x16 or 0x17);

    private static bool IsHbone(PcapReader.Segment segment) => segment.SourcePort == HbonePort || segment.DestinationPort == HbonePort;
}
