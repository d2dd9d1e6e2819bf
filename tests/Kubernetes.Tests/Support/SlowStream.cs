namespace Mesh.Kubernetes.Tests.Support;

/// <summary>Gives its bytes a few at a time.</summary>
internal sealed class SlowStream(byte[] bytes, int chunk) : MemoryStream(bytes)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(buffer.Length, chunk)], cancellationToken);
}
