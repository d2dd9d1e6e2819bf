using Mesh.Linux.Namespaces;

namespace Mesh.Inpod;

/// <summary>One request to one ztunnel, with the answer its asker awaits. The namespace is lent.</summary>
internal sealed class InpodAsk(InpodRequest request, NetworkNamespace? inside)
{
    private readonly TaskCompletionSource<InpodOutcome> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public InpodRequest Request { get; } = request;

    public NetworkNamespace? Inside { get; } = inside;

    /// <summary>Part of the picture a new connection gets; nobody awaits it.</summary>
    public bool IsSnapshot { get; init; }

    public Task<InpodOutcome> Answer => _answer.Task;

    public void Complete(InpodOutcome outcome) => _answer.TrySetResult(outcome);
}
