using Mesh.Kubernetes;

namespace Mesh.Operator.Status;

/// <summary>What keeps the operator from going on until a person acts. Pure.</summary>
internal sealed record Obstacle(string Reason, string Message)
{
    public const string MissingRight = "InsufficientPermissions";
    public const string Denied = "AdmissionDenied";

    public bool IsMissingRight => Reason == MissingRight;

    /// <summary>
    /// A 403 is either a right that we lack or what an admission rule (webhook, policy, quota, pod security) says to what we may write.
    /// Only the first names the user and the verb, in words that the server uses for every authorizer.
    /// </summary>
    public static Obstacle Of(ApiException fault)
    {
        var said = fault.Error.Message;
        var isRight = (said.Contains("User \"", StringComparison.Ordinal) && said.Contains("\" cannot ", StringComparison.Ordinal))
            || said.Contains("attempting to grant RBAC permissions", StringComparison.Ordinal);
        return isRight
            ? new(MissingRight, $"the operator lacks a right: {fault.Message}; apply the operator's manifests of this version again")
            : new(Denied, $"an admission rule of the cluster refuses what the operator writes: {fault.Message}; "
                + "change that rule, or exempt the mesh's namespaces from it");
    }
}
