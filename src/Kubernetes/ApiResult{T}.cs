using System.Diagnostics.CodeAnalysis;

namespace Mesh.Kubernetes;

/// <summary>What a request gave: a value or the error, never both.</summary>
public readonly struct ApiResult<T>
    where T : class
{
    private readonly string? _request;

    internal ApiResult(T value) => Value = value;

    internal ApiResult(string request, ApiError error)
    {
        _request = request;
        Error = error;
    }

    public T? Value { get; }

    public ApiError? Error { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsSuccess => Value is not null;

    /// <summary>The value, or an <see cref="ApiException"/> that names the request.</summary>
    public T Get() =>
        Value ?? throw new ApiException(_request ?? "request", Error ?? new ApiError(ApiErrorReason.Malformed, 0, "no answer"));

    internal ApiResult<TOther> As<TOther>()
        where TOther : class => new(_request ?? "request", Error ?? new ApiError(ApiErrorReason.Malformed, 0, "no answer"));
}
