using Mesh.Hbone;
using Mesh.Identity;
using Mesh.Kubernetes.Tests.Support;
using Mesh.Ztunnel.Certificates;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Ztunnel.Tests.Certificates;

public sealed class CertificateStoreTests : IAsyncDisposable
{
    /// <summary>Time for what must not happen.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly ManualTime _time = new();
    private readonly TestAuthority _authority;
    private readonly CertificateStore _store;

    public CertificateStoreTests()
    {
        _authority = new TestAuthority(_time);
        _store = new CertificateStore(_authority, new TunnelIdentities(null, null), NullLogger.Instance, _time, new Random(1));
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_certificate_is_renewed_at_about_half_of_its_life()
    {
        var first = await GetAsync(Id(1));

        _time.Advance(TimeSpan.FromHours(24 * 0.44));
        Assert.Single(_authority.Asked);
        _time.Advance(TimeSpan.FromHours(24 * 0.12));

        await UntilAsync(() => _store.Find(Id(1)) is { } now && now != first);
        Assert.Equal(2, _authority.Asked.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // A connect timeout looks like a cancellation that nobody asked for.
    public async Task A_failed_renewal_keeps_the_certificate_until_its_end_and_is_tried_again_ever_less_often(bool throws)
    {
        var first = await GetAsync(Id(1));
        if (throws) _authority.Fault = static () => new TaskCanceledException("timed out", new TimeoutException("no connection in time"));
        else _authority.Refusal = "not now";

        _time.Advance(TimeSpan.FromHours(13.5));
        await _time.AdvanceUntilAsync(() => _authority.Asked.Count >= 12, TimeSpan.FromSeconds(10), TimeSpan.FromHours(2));
        Assert.Same(first, _store.Find(Id(1)));
        Assert.Equal(throws ? "no connection in time" : "not now", _store.ProblemOf(Id(1)));
        var attempts = _authority.Asked.Select(asked => asked.At).ToList();
        Assert.True(attempts[^1] - attempts[^2] >= TimeSpan.FromSeconds(115), "the wait between attempts does not grow");

        _time.Advance(first.Svid.NotAfter - _time.GetUtcNow() - TimeSpan.FromSeconds(1));
        Assert.Same(first, _store.Find(Id(1)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(_store.Find(Id(1)));

        (_authority.Fault, _authority.Refusal) = (null, null);
        await _time.AdvanceUntilAsync(() => _store.Find(Id(1)) is not null, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task A_certificate_of_many_months_waits_longer_than_a_timer_can()
    {
        _authority.Lifetime = TimeSpan.FromDays(200);
        var first = await GetAsync(Id(1));

        await _time.AdvanceUntilAsync(() => _authority.Asked.Count == 2, TimeSpan.FromHours(24), TimeSpan.FromDays(230));

        Assert.InRange(_time.GetUtcNow() - first.Svid.NotBefore, TimeSpan.FromDays(85), TimeSpan.FromDays(115));
    }

    [Fact]
    public async Task Certificates_that_come_late_in_their_life_are_used_and_not_asked_for_every_second()
    {
        _authority.Age = TimeSpan.FromHours(20);
        await GetAsync(Id(1));

        for (var second = 0; second < 60; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }

        Assert.NotNull(_store.Find(Id(1)));
        Assert.InRange(_authority.Asked.Count, 2, 8);
    }

    [Fact]
    public async Task A_certificate_that_has_ended_already_is_a_failure_that_names_its_end()
    {
        _authority.Age = TimeSpan.FromHours(25);

        Assert.Null(await _store.GetAsync(Id(1), Patience));

        Assert.Contains("ended at 2025-12-31", _store.ProblemOf(Id(1)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forgotten_identity_is_asked_for_no_more_until_somebody_wants_it_again()
    {
        await GetAsync(Id(1));
        _store.Forget(Id(1));
        _store.Forget(Id(1));
        Assert.Null(_store.Find(Id(1)));
        _time.Advance(TimeSpan.FromHours(24));
        await Task.Delay(Settling); // A loop that were alive would ask now, on the pool.
        Assert.Single(_authority.Asked);

        await GetAsync(Id(1));
        Assert.Equal(2, _authority.Asked.Count);
    }

    [Fact]
    public async Task Forgetting_is_no_failure_when_the_store_has_ended()
    {
        await GetAsync(Id(1));
        await _store.DisposeAsync();

        _store.Forget(Id(1));

        Assert.Null(await _store.GetAsync(Id(2), Patience));
    }

    [Fact]
    public async Task A_connection_does_not_wait_behind_what_the_node_fetches_in_advance()
    {
        _authority.Gate = new TaskCompletionSource();
        for (var i = 0; i < 20; i++) _store.Prefetch(Id(i));
        await UntilAsync(() => _authority.Running == FetchTurns.ParallelMax - FetchTurns.KeptForAwaited);

        var queued = Enumerable.Range(0, 20).First(i => _authority.Asked.All(asked => asked.Id != Id(i)));
        var waiting = new[] { _store.GetAsync(Id(queued), Patience).AsTask(), _store.GetAsync(Id(100), Patience).AsTask() };
        await UntilAsync(() => _authority.Running == FetchTurns.ParallelMax);
        Assert.Equal([Id(queued), Id(100)], _authority.Asked.Skip(6).Select(asked => asked.Id).OrderBy(id => id != Id(queued)));

        // What a connection waits for goes first as places come free, and no more run than may.
        var late = _store.GetAsync(Id(101), Patience).AsTask();
        _authority.Gate.SetResult();
        Assert.All(await Task.WhenAll([.. waiting, late]), Assert.NotNull);
        await UntilAsync(() => Enumerable.Range(0, 20).All(i => _store.Find(Id(i)) is not null));
    }

    [Fact]
    public async Task No_more_are_fetched_at_a_time_than_may()
    {
        _authority.Gate = new TaskCompletionSource();
        var waiting = Enumerable.Range(0, 20).Select(i => _store.GetAsync(Id(i), Patience).AsTask()).ToList();
        await UntilAsync(() => _authority.Running == FetchTurns.ParallelMax);
        _store.Prefetch(Id(50));
        await Task.Delay(Settling);
        Assert.Equal(FetchTurns.ParallelMax, _authority.Asked.Count);

        _authority.Gate.SetResult();
        Assert.All(await Task.WhenAll(waiting), Assert.NotNull);
    }

    private static SpiffeId Id(int number) => new("cluster.local", "shop", $"a{number}");

    private async Task<TunnelIdentity> GetAsync(SpiffeId id)
    {
        var identity = await _store.GetAsync(id, Timeout.InfiniteTimeSpan);
        Assert.NotNull(identity);
        // The loop is asleep before the clock moves.
        await UntilAsync(() => _time.ArmedTimers > 0);
        return identity;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!condition()) await Task.Delay(5, limit.Token);
    }
}
