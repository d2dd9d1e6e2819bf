namespace Mesh.Inpod;

/// <summary>What became of a request to ztunnel.</summary>
public readonly record struct InpodOutcome(InpodResult Result, string Error)
{
    public static InpodOutcome Acked { get; } = new(InpodResult.Acked, string.Empty);

    public static InpodOutcome NotConnected { get; } = new(InpodResult.NotConnected, "no ztunnel is connected");

    public bool IsAcked => Result == InpodResult.Acked;
}
