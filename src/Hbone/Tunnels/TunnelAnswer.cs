using System.Threading.Tasks.Sources;

namespace Mesh.Hbone.Tunnels;

/// <summary>What a CONNECT comes to, for the one who awaits it; completed once, who awaited goes on in a step of its own. Loop's thread only.</summary>
internal class TunnelAnswer : IValueTaskSource<TunnelConnected>
{
    private ManualResetValueTaskSourceCore<TunnelConnected> completion;

    /// <summary>To be awaited once.</summary>
    public ValueTask<TunnelConnected> Outcome => new(this, completion.Version);

    public void Complete(TunnelConnected outcome) => completion.SetResult(outcome);

    TunnelConnected IValueTaskSource<TunnelConnected>.GetResult(short token) => completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<TunnelConnected>.GetStatus(short token) => completion.GetStatus(token);

    void IValueTaskSource<TunnelConnected>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        completion.OnCompleted(continuation, state, token, flags);
}
