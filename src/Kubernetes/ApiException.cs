namespace Mesh.Kubernetes;

/// <summary>A request failed in a way its caller did not ask to see as an outcome.</summary>
public sealed class ApiException(string what, ApiError error) : Exception($"{what}: {error}")
{
    public ApiError Error { get; } = error;

    public ApiErrorReason Reason => Error.Reason;
}
