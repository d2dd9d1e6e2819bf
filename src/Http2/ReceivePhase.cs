namespace Mesh.Http2;

/// <summary>What the next received byte belongs to.</summary>
internal enum ReceivePhase : byte
{
    FrameHeader,

    /// <summary>A payload that is looked at as a whole.</summary>
    Payload,
    DataPadLength,
    Data,

    /// <summary>Padding and unknown payloads.</summary>
    Skip,
}
