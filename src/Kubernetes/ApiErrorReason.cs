namespace Mesh.Kubernetes;

/// <summary>Why a request did not do what was asked.</summary>
public enum ApiErrorReason
{
    /// <summary>The server answered with a reason we do not tell apart; see the message.</summary>
    Other,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    AlreadyExists,
    /// <summary>Another writer was first, a precondition failed, or a field has another owner.</summary>
    Conflict,
    /// <summary>The resource version or continue token is too old: list again.</summary>
    Expired,
    Invalid,
    TooManyRequests,
    ServerTimeout,
    ServiceUnavailable,
    InternalError,
    MethodNotAllowed,
    UnsupportedMediaType,
    RequestTooLarge,
    /// <summary>No answer within our own time limit.</summary>
    Timeout,
    /// <summary>No connection, or it broke.</summary>
    Transport,
    /// <summary>An answer that is not what the API promises.</summary>
    Malformed,
}
