namespace Mesh.Http2.Frames;

/// <summary>PRIORITY: deprecated; its size is checked and its content ignored (RFC 9113, 5.3.2).</summary>
/// <remarks>
/// <code>
/// +-+-------------------------------------------+
/// |E|          Stream Dependency (31)           |
/// +-+-----------+-------------------------------+
/// | Weight (8)  |
/// +-------------+
/// </code>
/// </remarks>
internal static class PriorityFrame
{
    public const int PayloadSize = 5;
}
