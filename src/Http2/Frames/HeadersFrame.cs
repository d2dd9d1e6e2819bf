namespace Mesh.Http2.Frames;

/// <summary>HEADERS: opens a stream, answers it, or ends it with trailers. Priority is read over (RFC 9113, 5.3.2).</summary>
/// <remarks>
/// <code>
/// +---------------+
/// |Pad Length? (8)|                               with PADDED
/// +-+-------------+-------------------------------+
/// |E|        Stream Dependency? (31)              | with PRIORITY
/// +-+-------------+-------------------------------+
/// |  Weight? (8)  |                                 with PRIORITY
/// +---------------+-------------------------------+
/// |              Field Block Fragment             |
/// +-----------------------------------------------+
/// |                  Padding                      |
/// +-----------------------------------------------+
/// </code>
/// </remarks>
internal static class HeadersFrame
{
    private const int PrioritySize = 5;

    /// <summary>What may stand around the fragment: a length, a priority and as much padding as a byte can say.</summary>
    public const int AroundFragmentMax = 1 + PrioritySize + byte.MaxValue;

    /// <summary>False when padding and priority claim more than the frame holds.</summary>
    public static bool TryGetFragment(in FrameHeader header, ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> fragment)
    {
        fragment = default;
        var start = 0;
        var padding = 0;
        if (header.Has(FrameFlags.Padded))
        {
            if (payload.IsEmpty) return false;
            padding = payload[0];
            start = 1;
        }

        if (header.Has(FrameFlags.Priority)) start += PrioritySize;
        if (start + padding > payload.Length) return false;
        fragment = payload[start..^padding];
        return true;
    }
}
