namespace Mesh.Model.Policy;

/// <summary>A verdict and who spoke it; dry-run policies only report that they would have.</summary>
public readonly record struct AuthorizationOutcome(Verdict Verdict, string? Policy, string? DryRunDeny = null, string? DryRunAllow = null)
{
    public bool IsAllowed => Verdict == Verdict.Allowed;

    /// <summary>For the access log.</summary>
    public string Explain() => Verdict switch
    {
        Verdict.Allowed => "allowed",
        Verdict.DeniedByRule => $"explicitly denied by: {Policy}",
        Verdict.DeniedByDefault => "allow policies exist, but none allowed",
        Verdict.Undecided => $"policy not yet received: {Policy}",
    };
}
