namespace Mesh.Model.Policy;

/// <summary>What to do while a policy that a workload names has not been received.</summary>
public enum UnknownPolicy
{
    /// <summary>Decide without it; what upstream does.</summary>
    Skip,

    /// <summary>Answer <see cref="Verdict.Undecided"/>, unless another policy denies anyway; the caller waits or refuses.</summary>
    Undecided,
}
