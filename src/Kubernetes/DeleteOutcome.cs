namespace Mesh.Kubernetes;

/// <summary>How a delete ended.</summary>
public enum DeleteOutcome
{
    Deleted,
    /// <summary>Marked; finalizers or a grace period keep it for now.</summary>
    Pending,
    NotFound,
    /// <summary>Uid or resource version differ from what was asked.</summary>
    PreconditionFailed,
}
