using System.Security.Cryptography;
using System.Text;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Reviews;
using Microsoft.Extensions.Logging;

namespace Mesh.ControlPlane.Authority;

/// <summary>
/// Asks the API server who bears a token, and remembers the answer for a little while under the token's hash. Any thread. Few
/// questions run at a time, few wait, and few of those are of one address: a flood of invented tokens must neither become a flood on
/// the API server nor keep the proxies out.
/// </summary>
internal sealed class CallerReview(
    Func<string, CancellationToken, Task<(TokenReviewResult? Result, ApiError? Error)>> ask, IReadOnlyList<string> audiences, TimeProvider time,
    ILogger log) : IDisposable
{
    private const int TokenCharsMax = 16 * 1024;
    private const int RememberedMax = 10_000;
    private const int QuestionsMax = 16;
    private const int WaitingMax = 256;
    private const int PerAddressMax = 8;
    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BadFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan QuestionMax = TimeSpan.FromSeconds(10);

    private readonly AnswerTable _good = new(RememberedMax, GoodFor, time);
    private readonly AnswerTable _bad = new(RememberedMax, BadFor, time);
    private readonly SemaphoreSlim _questions = new(QuestionsMax);
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task<CallerAnswer>> _asking = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _perAddress = new(StringComparer.Ordinal);

    /// <summary>The caller behind an authorization header that came from this address.</summary>
    public async Task<CallerAnswer> FindAsync(string? authorization, string address, CancellationToken stop)
    {
        const string scheme = "Bearer ";
        if (authorization is null || !authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return CallerAnswer.Nobody;
        var token = authorization[scheme.Length..].Trim();
        if (token.Length is 0 or > TokenCharsMax || !TokenClaims.AreWorthAQuestion(token, audiences, time.GetUtcNow())) return CallerAnswer.Nobody;
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<CallerAnswer>? asking;
        lock (_lock)
        {
            if (_good.TryFind(hash, out var caller) || _bad.TryFind(hash, out caller)) return new CallerAnswer(caller, IsBusy: false);
            if (!_asking.TryGetValue(hash, out asking))
            {
                var ofAddress = _perAddress.GetValueOrDefault(address);
                if (_asking.Count >= QuestionsMax + WaitingMax || ofAddress >= PerAddressMax) return CallerAnswer.Busy;
                _perAddress[address] = ofAddress + 1;
                _asking[hash] = asking = AskAsync(token, hash, address, turn.Task);
            }
        }
        turn.TrySetResult(); // Nothing is asked under the lock.
        return await asking.WaitAsync(stop);
    }

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
        _questions.Dispose();
    }

    /// <summary>One question for all who show the same token; it goes on when the first of them leaves.</summary>
    private async Task<CallerAnswer> AskAsync(string token, string hash, string address, Task turn)
    {
        await turn;
        try
        {
            return await AskInTurnAsync(token, hash);
        }
        catch (OperationCanceledException)
        {
            return CallerAnswer.Busy; // Too slow, or we are ending.
        }
        finally
        {
            lock (_lock)
            {
                _asking.Remove(hash);
                if (_perAddress[address] == 1) _perAddress.Remove(address);
                else _perAddress[address]--;
            }
        }
    }

    private async Task<CallerAnswer> AskInTurnAsync(string token, string hash)
    {
        using var late = new CancellationTokenSource(WaitMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _end.Token);
        await _questions.WaitAsync(either.Token);
        try
        {
            late.CancelAfter(QuestionMax);
            var (result, error) = await ask(token, either.Token);
            if (result is null)
            {
                log.LogWarning("The API server did not review a token: {Error}.", error);
                return CallerAnswer.Nobody;
            }
            var caller = From(result);
            (caller is null ? _bad : _good).Add(hash, caller);
            return new CallerAnswer(caller, IsBusy: false);
        }
        finally
        {
            _questions.Release();
        }
    }

    private static Caller? From(TokenReviewResult review) =>
        review.ServiceAccount is { } account && review.Groups.Contains("system:serviceaccounts", StringComparer.Ordinal)
            ? new Caller(account.Namespace, account.Name, review.PodName, review.PodUid)
            : null;
}
