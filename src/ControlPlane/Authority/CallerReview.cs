using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Reviews;
using Microsoft.Extensions.Logging;

namespace Mesh.ControlPlane.Authority;

/// <summary>
/// Asks the API server who bears a token, and remembers the answer for a little while under the token's hash. Any thread. Few
/// questions run at a time: a flood of invented tokens must not become a flood on the API server.
/// </summary>
internal sealed class CallerReview(
    Func<string, CancellationToken, Task<(TokenReviewResult? Result, ApiError? Error)>> ask, TimeProvider time, ILogger log) : IDisposable
{
    private const int TokenCharsMax = 16 * 1024;
    private const int RememberedMax = 10_000;
    private const int QuestionsMax = 16;
    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BadFor = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Answer> _answers = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _questions = new(QuestionsMax);

    /// <summary>The caller behind an authorization header, or null.</summary>
    public async Task<Caller?> FindAsync(string? authorization, CancellationToken stop)
    {
        const string scheme = "Bearer ";
        if (authorization is null || !authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return null;
        var token = authorization[scheme.Length..].Trim();
        if (token.Length is 0 or > TokenCharsMax || token.Count('.') != 2) return null; // No service account's token looks like this.
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (Remembered(hash) is { } known) return known.Caller;
        await _questions.WaitAsync(stop);
        try
        {
            if (Remembered(hash) is { } meanwhile) return meanwhile.Caller;
            var (result, error) = await ask(token, stop);
            if (result is null)
            {
                log.LogWarning("The API server did not review a token: {Error}.", error);
                return null;
            }
            var caller = From(result);
            Remember(hash, caller);
            return caller;
        }
        finally
        {
            _questions.Release();
        }
    }

    public void Dispose() => _questions.Dispose();

    private static Caller? From(TokenReviewResult review) =>
        review.ServiceAccount is { } account && review.Groups.Contains("system:serviceaccounts", StringComparer.Ordinal)
            ? new Caller(account.Namespace, account.Name, review.PodName, review.PodUid)
            : null;

    private Answer? Remembered(string hash) =>
        _answers.TryGetValue(hash, out var answer) && time.GetUtcNow() < answer.Until ? answer : null;

    private void Remember(string hash, Caller? caller)
    {
        if (_answers.Count >= RememberedMax) Forget();
        _answers[hash] = new Answer(caller, time.GetUtcNow() + (caller is null ? BadFor : GoodFor));
    }

    private void Forget()
    {
        var now = time.GetUtcNow();
        foreach (var (hash, answer) in _answers)
        {
            if (now >= answer.Until) _answers.TryRemove(hash, out _);
        }
        if (_answers.Count >= RememberedMax) _answers.Clear(); // Then everybody is asked for again, sixteen at a time.
    }

    private sealed record Answer(Caller? Caller, DateTimeOffset Until);
}
