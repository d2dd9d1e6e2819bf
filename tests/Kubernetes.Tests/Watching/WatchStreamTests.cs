using System.Text;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Support;
using Mesh.Kubernetes.Watching;

namespace Mesh.Kubernetes.Tests.Watching;

public sealed class WatchStreamTests
{
    private static readonly string Story =
        Answers.Line("ADDED", Answers.Pod("a", 1)) + Answers.Line("MODIFIED", Answers.Pod("a", 2)) + Answers.Bookmark(5)
        + Answers.Line("DELETED", Answers.Pod("a", 6)) + Answers.Gone();

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(100_000)]
    public async Task Every_kind_of_event_is_understood_however_it_arrives(int chunk)
    {
        var events = await ReadAllAsync(Story, chunk);

        Assert.Equal(
            [WatchEventType.Added, WatchEventType.Modified, WatchEventType.Bookmark, WatchEventType.Deleted, WatchEventType.Error, WatchEventType.Closed],
            events.Select(said => said.Type));
        Assert.Equal(["1", "2", "5", "6", null, null], events.Select(said => said.ResourceVersion));
        Assert.Equal(ApiErrorReason.Expired, events[4].Error!.Reason);
        Assert.Null(events[5].Error);
    }

    [Fact]
    public async Task Every_truncation_ends_with_an_error_after_the_whole_events()
    {
        var story = Answers.Line("ADDED", Answers.Pod("a", 1)) + Answers.Line("DELETED", Answers.Pod("a", 2));
        for (var length = 1; length < story.Length; length++)
        {
            var events = await ReadAllAsync(story[..length], 50);
            var whole = story[..length].Count(c => c == '\n');
            Assert.Equal(whole + 1, events.Count);
            Assert.Equal(story[length - 1] == '\n' ? null : ApiErrorReason.Transport, events[^1].Error?.Reason);
        }
    }

    [Theory]
    [InlineData("{\"type\":\"SURPRISE\",\"object\":{}}\n")]
    [InlineData("{\"type\":\"ADDED\"}\n")]
    [InlineData("[]\n")]
    [InlineData("\n")]
    [InlineData("not json\n")]
    public async Task A_line_that_is_no_event_closes_the_watch(string line)
    {
        var events = await ReadAllAsync(line, 1000);

        Assert.Equal((WatchEventType.Closed, ApiErrorReason.Malformed), (events[0].Type, events[0].Error!.Reason));
    }

    [Fact]
    public async Task The_object_may_come_before_the_type()
    {
        var events = await ReadAllAsync($$"""{"object":{{Answers.Pod("a", 3)}},"type":"ADDED"}""" + "\n", 9);

        Assert.Equal((WatchEventType.Added, "a"), (events[0].Type, events[0].Object!.Metadata.Name));
    }

    [Fact]
    public async Task An_object_that_does_not_fit_is_named_and_the_watch_goes_on()
    {
        var odd = """{"metadata":{"name":"odd","namespace":"s","resourceVersion":"8"},"spec":7}""";

        var events = await ReadAllAsync(Answers.Line("MODIFIED", odd) + Answers.Line("DELETED", odd) + Answers.Line("ADDED", Answers.Pod("a", 9)), 77);

        Assert.Equal([WatchEventType.Unreadable, WatchEventType.Deleted, WatchEventType.Added, WatchEventType.Closed], events.Select(said => said.Type));
        Assert.All(events.Take(2), said => Assert.Equal(new ObjectKey("s", "odd"), said.Unreadable!.Key));
        Assert.Null(events[1].Object);
    }

    [Fact]
    public async Task A_silent_watch_is_given_up()
    {
        var time = new ManualTime();
        using var silent = new HttpResponseMessage { Content = new StreamContent(new SilentStream()) };
        await using var watch = await WatchStream<Pod>.OpenAsync(silent, Pod.Resource.Json, TimeSpan.FromMinutes(3), time, Wait.Stop);

        var reading = watch.ReadAsync(Wait.Stop).AsTask();
        time.Advance(TimeSpan.FromSeconds(179));
        Assert.False(reading.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        var said = await reading.WaitAsync(TimeSpan.FromSeconds(10), Wait.Stop);
        Assert.Equal((WatchEventType.Closed, ApiErrorReason.Timeout), (said.Type, said.Error!.Reason));
    }

    [Fact]
    public async Task A_stop_is_an_end_and_no_error()
    {
        using var silent = new HttpResponseMessage { Content = new StreamContent(new SilentStream()) };
        await using var watch = await WatchStream<Pod>.OpenAsync(silent, Pod.Resource.Json, TimeSpan.FromMinutes(3), TimeProvider.System, Wait.Stop);
        using var stop = new CancellationTokenSource();

        var reading = watch.ReadAsync(stop.Token).AsTask();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    private static async Task<List<WatchEvent<Pod>>> ReadAllAsync(string text, int chunk)
    {
        using var response = new HttpResponseMessage { Content = new StreamContent(new SlowStream(Encoding.UTF8.GetBytes(text), chunk)) };
        await using var watch = await WatchStream<Pod>.OpenAsync(response, Pod.Resource.Json, TimeSpan.FromMinutes(1), TimeProvider.System, Wait.Stop);
        var events = new List<WatchEvent<Pod>>();
        do events.Add(await watch.ReadAsync(Wait.Stop));
        while (events[^1].Type != WatchEventType.Closed && events.Count < 100);
        return events;
    }

    private sealed class SilentStream : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return 0;
        }
    }
}
