using Mesh.Kubernetes.Reconciling;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Reconciling;

public sealed class LeaderLeaseTests : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);

    private readonly ManualTime _time = new();
    private readonly LeaseServer _leases = new();
    private readonly List<Candidate> _candidates = [];
    private ScriptedServer? _server;

    public async ValueTask DisposeAsync()
    {
        foreach (var candidate in _candidates)
        {
            await candidate.Stop.CancelAsync();
            candidate.Work.TrySetResult();
        }

        _leases.Away = false;
        _leases.Hung = false;
        foreach (var candidate in _candidates)
        {
            await _time.AdvanceUntilAsync(() => candidate.Running.IsCompleted, Step, TimeSpan.FromMinutes(5));
            await candidate.Running;
            candidate.Client.Dispose();
        }

        if (_server is not null) await _server.DisposeAsync();
    }

    [Fact]
    public async Task One_candidate_leads_and_the_other_waits()
    {
        var first = await StartAsync("one");
        await AdvanceUntilAsync(() => first.Lease.IsLeader);
        var second = await StartAsync("two");
        await AdvanceAsync(TimeSpan.FromSeconds(60));

        Assert.True(first.Lease.IsLeader);
        Assert.False(second.Lease.IsLeader);
        Assert.Equal(("one", 0), (_leases.Holder, _leases.Transitions));
    }

    [Fact]
    public async Task A_leader_that_stops_gives_the_lease_back_after_its_work_has_ended()
    {
        var first = await StartAsync("one");
        await AdvanceUntilAsync(() => first.Lease.IsLeader);
        var second = await StartAsync("two");

        await first.Stop.CancelAsync();
        await Wait.UntilAsync(() => first.Told, "the work was told to stop");
        await AdvanceAsync(TimeSpan.FromSeconds(40)); // Its work takes longer than the lease.
        Assert.Equal("one", _leases.Holder);
        Assert.False(second.Lease.IsLeader);

        first.Work.SetResult();
        await AdvanceUntilAsync(() => second.Lease.IsLeader, TimeSpan.FromSeconds(4));
        Assert.Equal(("two", 1), (_leases.Holder, _leases.Transitions));
        Assert.True(first.Running.IsCompletedSuccessfully);
        Assert.Equal(0, first.Lease.Losses);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_leader_that_cannot_renew_stops_its_work_before_another_may_begin(bool hung)
    {
        var first = await StartAsync("one");
        await AdvanceUntilAsync(() => first.Lease.IsLeader);
        await AdvanceAsync(TimeSpan.FromSeconds(7));
        var renewed = DateTimeOffset.Parse(_leases.RenewTime!, System.Globalization.CultureInfo.InvariantCulture);

        _leases.Hung = hung;
        _leases.Away = !hung;
        await AdvanceUntilAsync(() => first.Told);

        Assert.False(first.Lease.IsLeader);
        Assert.InRange(_time.GetUtcNow() - renewed, TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(14.9));
    }

    [Fact]
    public async Task After_a_loss_it_competes_again()
    {
        var first = await StartAsync("one");
        await AdvanceUntilAsync(() => first.Lease.IsLeader);
        _leases.Away = true;
        await AdvanceUntilAsync(() => first.Told);
        first.Work.SetResult();
        await AdvanceUntilAsync(() => first.Lease.Losses == 1);

        first.Again();
        _leases.Away = false;

        await AdvanceUntilAsync(() => first.Lease.IsLeader);
        Assert.Equal(2, first.Lease.Terms);
    }

    [Fact]
    public async Task A_lease_whose_holder_died_is_taken_after_its_duration_by_our_clock()
    {
        _leases.Seed("dead", renewTime: "2030-01-01T00:00:00.000000Z"); // Its clock was wrong, too.
        var second = await StartAsync("two");
        var start = _time.GetUtcNow();

        await AdvanceUntilAsync(() => second.Lease.IsLeader);

        Assert.InRange(_time.GetUtcNow() - start, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(19));
    }

    [Fact]
    public async Task Work_that_ends_by_itself_ends_the_lease()
    {
        var first = await StartAsync("one");
        await AdvanceUntilAsync(() => first.Lease.IsLeader);

        first.Work.SetResult();

        await AdvanceUntilAsync(() => first.Running.IsCompleted);
        Assert.Equal("", _leases.Holder);
    }

    [Fact]
    public async Task Work_that_fails_gives_the_lease_back_and_shows_its_failure()
    {
        _server ??= await ScriptedServer.StartAsync(_leases.AnswerAsync);
        using var client = _server.Client(_time);
        var lease = new LeaderLease(client, new ObjectKey("mesh", "leader"), "one");

        var running = lease.RunAsync(_ => throw new InvalidOperationException("a bug"), Wait.Stop);
        await _time.AdvanceUntilAsync(() => running.IsCompleted, Step, TimeSpan.FromSeconds(30));

        await Assert.ThrowsAsync<InvalidOperationException>(() => running);
        Assert.Equal("", _leases.Holder);
        Assert.False(lease.IsLeader);
    }

    [Fact]
    public async Task A_renewal_that_breaks_stops_the_work_and_shows_its_failure()
    {
        _server ??= await ScriptedServer.StartAsync(_leases.AnswerAsync);
        var clock = new BreakingClock(_time);
        using var client = _server.Client(clock);
        var lease = new LeaderLease(client, new ObjectKey("mesh", "leader"), "one");
        var told = false;
        var running = lease.RunAsync(
            async stop =>
            {
                await using var telling = stop.Register(() => told = true);
                await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            },
            Wait.Stop);
        await AdvanceUntilAsync(() => lease.IsLeader);

        clock.IsBroken = true;
        await AdvanceUntilAsync(() => running.IsCompleted);

        Assert.True(told);
        Assert.False(lease.IsLeader);
        await Assert.ThrowsAsync<InvalidOperationException>(() => running);
    }

    [Fact]
    public void Times_that_could_give_two_leaders_are_refused()
    {
        using var client = new KubernetesClient(Credentials.Anonymous(new Uri("http://127.0.0.1:1")));

        Assert.Throws<ArgumentException>(() => new LeaderLease(
            client, new ObjectKey("a", "b"), "me", new LeaderLeaseOptions { RenewDeadline = TimeSpan.FromSeconds(15) }));
    }

    private async Task<Candidate> StartAsync(string name)
    {
        _server ??= await ScriptedServer.StartAsync(_leases.AnswerAsync);
        var candidate = new Candidate(_server.Client(_time), name);
        _candidates.Add(candidate);
        return candidate;
    }

    private Task AdvanceUntilAsync(Func<bool> condition, TimeSpan? atMost = null) =>
        _time.AdvanceUntilAsync(condition, Step, atMost ?? TimeSpan.FromMinutes(2));

    private async Task AdvanceAsync(TimeSpan by)
    {
        var end = _time.GetUtcNow() + by;
        await _time.AdvanceUntilAsync(() => _time.GetUtcNow() >= end, Step, by + Step);
    }

    private sealed class BreakingClock(TimeProvider real) : TimeProvider
    {
        public volatile bool IsBroken;

        public override long TimestampFrequency => real.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => real.GetUtcNow();

        public override long GetTimestamp() => IsBroken ? throw new InvalidOperationException("the clock broke") : real.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            real.CreateTimer(callback, state, dueTime, period);
    }

    private sealed class Candidate
    {
        public Candidate(KubernetesClient client, string name)
        {
            Client = client;
            Lease = new LeaderLease(client, new ObjectKey("mesh", "leader"), name);
            Running = Lease.RunAsync(LeadAsync, Stop.Token);
        }

        public KubernetesClient Client { get; }

        public LeaderLease Lease { get; }

        public CancellationTokenSource Stop { get; } = new();

        public TaskCompletionSource Work { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Running { get; }

        public volatile bool Told;

        public void Again() => (Work, Told) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), false);

        private async Task LeadAsync(CancellationToken stop)
        {
            await using var telling = stop.Register(() => Told = true);
            await Work.Task;
        }
    }
}
