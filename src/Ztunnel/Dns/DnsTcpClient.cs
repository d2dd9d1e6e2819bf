namespace Mesh.Ztunnel.Dns;

/// <summary>A client whose connection waits for one answer.</summary>
internal sealed class DnsTcpClient : DnsClient
{
    private readonly TaskCompletionSource<byte[]> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override bool IsTcp => true;

    public Task<byte[]> Answer => _answer.Task;

    public override void Send(ReadOnlySpan<byte> answer) => _answer.TrySetResult(answer.ToArray());
}
