namespace Mesh.Kubernetes.Http;

/// <summary>What one read of a stream gave.</summary>
internal enum FillOutcome
{
    Read,
    Ended,
    /// <summary>The limit is reached and nothing was consumed.</summary>
    Full,
}
