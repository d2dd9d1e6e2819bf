namespace Mesh.Hbone.Tunnels;

/// <summary>A request that waits for room. Loop time in milliseconds.</summary>
internal sealed class TunnelWaiter(ConnectHeaders headers, bool early, long due) : TunnelAnswer
{
    public ConnectHeaders Headers { get; } = headers;
    public bool Early { get; } = early;
    public long Due { get; } = due;
}
