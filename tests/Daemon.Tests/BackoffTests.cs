namespace Mesh.Daemon.Tests;

public sealed class BackoffTests
{
    [Fact]
    public void Delays_double_until_the_maximum_and_start_again_after_a_success()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), new Random(1), jitter: 0);

        Assert.Equal([1, 2, 4, 5, 5], Enumerable.Range(0, 5).Select(_ => backoff.Next().TotalSeconds));
        Assert.Equal(5, backoff.Failures);
        backoff.Reset();
        Assert.Equal(1, backoff.Next().TotalSeconds);
    }

    [Fact]
    public void Jitter_only_shortens_and_never_by_more_than_its_share()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), new Random(2), jitter: 0.3);

        var delays = Enumerable.Range(0, 1000).Select(_ => backoff.Next().TotalSeconds).ToList();

        Assert.All(delays, delay => Assert.InRange(delay, 7, 10));
        Assert.True(delays.Distinct().Count() > 900);
    }

    [Fact]
    public void Nonsense_is_refused_at_construction()
    {
        var (second, random) = (TimeSpan.FromSeconds(1), new Random(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Backoff(TimeSpan.Zero, second, random));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Backoff(second * 2, second, random));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Backoff(second, second, random, factor: 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Backoff(second, second, random, jitter: 2));
    }
}
