namespace Mesh.Hbone.Tunnels;

/// <summary>A request that waits for room: its headers and who awaits it. Loop time in milliseconds.</summary>
internal sealed class TunnelWaiter(ConnectHeaders headers, bool early, long due)
{
    public ConnectHeaders Headers { get; } = headers;
    public bool Early { get; } = early;
    public long Due { get; } = due;
    public TaskCompletionSource<TunnelConnected> Completion { get; } = new();
}
