namespace Mesh.Kubernetes;

/// <summary>What a server-side apply did: the object as it is now, or who owns the fields that stood in the way.</summary>
public sealed class ApplyOutcome<T>
    where T : class, IKubernetesObject
{
    private readonly ApiError? _error;
    private readonly string _request;

    internal ApplyOutcome(string request, T applied) => (_request, Applied) = (request, applied);

    internal ApplyOutcome(string request, ApiError error, IReadOnlyList<ApplyConflict> conflicts) =>
        (_request, _error, Conflicts) = (request, error, conflicts);

    public T? Applied { get; }

    public IReadOnlyList<ApplyConflict> Conflicts { get; } = [];

    public T Get() => Applied ?? throw new ApiException(_request, _error ?? new ApiError(ApiErrorReason.Malformed, 0, "no answer"));
}
