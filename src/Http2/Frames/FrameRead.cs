namespace Mesh.Http2.Frames;

/// <summary>What came of reading a frame header.</summary>
internal enum FrameRead
{
    Complete,
    NeedMoreBytes,
    TooLarge,
}
