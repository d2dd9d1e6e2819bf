using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;

namespace Mesh.Kubernetes.Http;

/// <summary>
/// Sends requests with credentials and turns every failure into an <see cref="ApiError"/>. Repeats a request only where the
/// server did not act on it: 401 with a token that can be renewed, 429 with a time to wait. Thread-safe.
/// </summary>
internal sealed class ApiTransport : IDisposable
{
    private const int AttemptsMax = 4;
    private const int ErrorBytesMax = 1024 * 1024;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly HttpMessageInvoker _http;
    private readonly Credentials _credentials;
    private readonly KubernetesClientOptions _options;

    public ApiTransport(Credentials credentials, KubernetesClientOptions options)
    {
        _credentials = credentials;
        _options = options;
        _http = new HttpMessageInvoker(HttpConnections.Open(credentials, options));
    }

    public TimeProvider Time => _options.Time;

    public void Dispose() => _http.Dispose();

    /// <summary>Sends and reads the whole answer within the time limit.</summary>
    public async Task<ApiResult<T>> SendAsync<T>(
        ApiRequest request, Func<Stream, CancellationToken, Task<T>> read, CancellationToken stop)
        where T : class
    {
        using var limit = new CancellationTokenSource(request.TimeLimit ?? _options.RequestTimeLimit, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            var (response, error) = await OpenAsync(request, either.Token);
            if (response is null) return new ApiResult<T>(request.ToString(), error!);
            using (response)
            {
                return new ApiResult<T>(await read(await response.Content.ReadAsStreamAsync(either.Token), either.Token));
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new ApiResult<T>(request.ToString(), new ApiError(ApiErrorReason.Timeout, 0, "no answer within the time limit"));
        }
        catch (Exception problem) when (Translate(problem) is { } error)
        {
            return new ApiResult<T>(request.ToString(), error);
        }
    }

    /// <summary>Sends and returns once the headers are there; the caller owns the response and its time limit.</summary>
    public async Task<(HttpResponseMessage? Response, ApiError? Error)> OpenAsync(ApiRequest request, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var message = Build(request);
            var token = _credentials.Token is { } tokens ? await tokens.GetAsync(stop) : null;
            if (token is not null) message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            var response = await _http.SendAsync(message, stop);
            if ((int)response.StatusCode is >= 200 and < 300) return (response, null);

            using (response)
            {
                var error = await ReadErrorAsync(response, stop);
                if (attempt == AttemptsMax) return (null, error);
                if (error.Reason == ApiErrorReason.Unauthorized)
                {
                    if (attempt > 1 || token is null || !await _credentials.Token!.TryRenewAsync(token, stop)) return (null, error);
                }
                else if (error.Reason == ApiErrorReason.TooManyRequests && error.RetryAfter is { } wait && wait <= LongestWait)
                {
                    await Task.Delay(wait, _options.Time, stop);
                }
                else
                {
                    return (null, error);
                }
            }
        }
    }

    /// <summary>The error that an exception of the HTTP stack stands for; null when it is a bug of ours.</summary>
    public static ApiError? Translate(Exception problem) => problem switch
    {
        HttpRequestException { InnerException: AuthenticationException tls } =>
            new ApiError(ApiErrorReason.Transport, 0, $"TLS: {(tls.InnerException ?? tls).Message}"),
        HttpRequestException { InnerException: { } inner } http when !http.Message.Contains(inner.Message, StringComparison.Ordinal) =>
            new ApiError(ApiErrorReason.Transport, 0, $"{http.Message} {inner.Message}"),
        HttpRequestException or IOException => new ApiError(ApiErrorReason.Transport, 0, problem.Message),
        System.Text.Json.JsonException => new ApiError(ApiErrorReason.Malformed, 0, problem.Message),
        CredentialsException => new ApiError(ApiErrorReason.Unauthorized, 0, problem.Message),
        _ => null,
    };

    private HttpRequestMessage Build(ApiRequest request)
    {
        var message = new HttpRequestMessage(request.Method, new Uri(_credentials.Server, _credentials.Prefix + request.PathAndQuery))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.TryAddWithoutValidation("Accept", request.Accept);
        message.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        // The name decides both what is asked for in the handshake and what the certificate must say.
        if (_credentials.TlsServerName is { } name) message.Headers.Host = name;
        if (_credentials.ImpersonatedUser is { } user)
        {
            message.Headers.TryAddWithoutValidation("Impersonate-User", user);
            foreach (var group in _credentials.ImpersonatedGroups) message.Headers.TryAddWithoutValidation("Impersonate-Group", group);
        }

        if (request.Body is not null)
        {
            message.Content = new ByteArrayContent(request.Body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
        }

        return message;
    }

    private static async Task<ApiError> ReadErrorAsync(HttpResponseMessage response, CancellationToken stop)
    {
        using var body = new ByteBuffer(ErrorBytesMax);
        var stream = await response.Content.ReadAsStreamAsync(stop);
        while (await body.FillAsync(stream, stop) == FillOutcome.Read)
        {
        }

        return ApiError.FromResponse((int)response.StatusCode, body.Unread, response.Headers.RetryAfter?.Delta);
    }
}
