namespace Mesh.Hbone.Tunnels;

/// <summary>How often a tunnel looks at its clock.</summary>
internal static class TunnelTimes
{
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>Without streams, less often: thousands of quiet tunnels must cost nothing.</summary>
    public static readonly TimeSpan QuietTick = TimeSpan.FromSeconds(5);
}
