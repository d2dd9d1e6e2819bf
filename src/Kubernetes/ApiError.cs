using System.Text.Json;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes;

/// <summary>A failed request as a value: the server's Status, or what kept it from answering.</summary>
public sealed record ApiError(ApiErrorReason Reason, int StatusCode, string Message)
{
    public IReadOnlyList<ApiErrorCause> Causes { get; init; } = [];

    /// <summary>When the server asked to be left alone for a while.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>True when the same request may succeed later without any edit.</summary>
    public bool IsTransient => Reason is ApiErrorReason.TooManyRequests or ApiErrorReason.ServerTimeout or ApiErrorReason.ServiceUnavailable
        or ApiErrorReason.InternalError or ApiErrorReason.Timeout or ApiErrorReason.Transport or ApiErrorReason.Conflict;

    public override string ToString() => StatusCode == 0 ? $"{Reason}: {Message}" : $"{Reason} ({StatusCode}): {Message}";

    internal static ApiError FromResponse(int statusCode, ReadOnlySpan<byte> body, TimeSpan? retryAfter)
    {
        try
        {
            if (JsonSerializer.Deserialize(body, KubernetesJson.Default.Status) is { Kind: "Status" } status)
                return FromStatus(status, statusCode, retryAfter);
        }
        catch (JsonException)
        {
            // Proxies and the server's outer filters answer with plain text; the code says enough.
        }

        var text = System.Text.Encoding.UTF8.GetString(body[..Math.Min(body.Length, MessageBytesMax)]).Trim();
        var message = text.Length == 0 ? $"HTTP status {statusCode}" : text;
        return new ApiError(ReasonOf(statusCode), statusCode, message) { RetryAfter = retryAfter };
    }

    internal static ApiError FromStatus(Status status, int statusCode = 0, TimeSpan? retryAfter = null)
    {
        var code = status.Code != 0 ? status.Code : statusCode;
        var causes = new List<ApiErrorCause>();
        foreach (var cause in status.Details?.Causes ?? [])
            causes.Add(new ApiErrorCause(cause.Reason ?? "", cause.Field ?? "", cause.Message ?? ""));
        var seconds = status.Details?.RetryAfterSeconds ?? 0;
        return new ApiError(ReasonOf(status.Reason, code), code, status.Message ?? status.Reason ?? $"HTTP status {code}")
        {
            Causes = causes,
            RetryAfter = retryAfter ?? (seconds > 0 ? TimeSpan.FromSeconds(seconds) : null),
        };
    }

    private const int MessageBytesMax = 512;

    private static ApiErrorReason ReasonOf(string? reason, int code) => reason switch
    {
        "BadRequest" => ApiErrorReason.BadRequest,
        "Unauthorized" => ApiErrorReason.Unauthorized,
        "Forbidden" => ApiErrorReason.Forbidden,
        "NotFound" => ApiErrorReason.NotFound,
        "AlreadyExists" => ApiErrorReason.AlreadyExists,
        "Conflict" => ApiErrorReason.Conflict,
        "Gone" or "Expired" => ApiErrorReason.Expired,
        "Invalid" => ApiErrorReason.Invalid,
        "TooManyRequests" => ApiErrorReason.TooManyRequests,
        "ServerTimeout" or "Timeout" => ApiErrorReason.ServerTimeout,
        "ServiceUnavailable" => ApiErrorReason.ServiceUnavailable,
        "InternalError" => ApiErrorReason.InternalError,
        "MethodNotAllowed" => ApiErrorReason.MethodNotAllowed,
        "UnsupportedMediaType" => ApiErrorReason.UnsupportedMediaType,
        "RequestEntityTooLarge" => ApiErrorReason.RequestTooLarge,
        _ => ReasonOf(code),
    };

    private static ApiErrorReason ReasonOf(int code) => code switch
    {
        400 => ApiErrorReason.BadRequest,
        401 => ApiErrorReason.Unauthorized,
        403 => ApiErrorReason.Forbidden,
        404 => ApiErrorReason.NotFound,
        405 => ApiErrorReason.MethodNotAllowed,
        409 => ApiErrorReason.Conflict,
        410 => ApiErrorReason.Expired,
        413 => ApiErrorReason.RequestTooLarge,
        415 => ApiErrorReason.UnsupportedMediaType,
        422 => ApiErrorReason.Invalid,
        429 => ApiErrorReason.TooManyRequests,
        500 => ApiErrorReason.InternalError,
        503 => ApiErrorReason.ServiceUnavailable,
        504 => ApiErrorReason.ServerTimeout,
        _ => ApiErrorReason.Other,
    };
}
