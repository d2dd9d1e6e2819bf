using System.Threading.Channels;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Support;
using Mesh.Kubernetes.Watching;
using Microsoft.AspNetCore.Http;

namespace Mesh.Kubernetes.Tests.Watching;

public sealed class InformerTests : IAsyncDisposable
{
    private readonly ManualTime _time = new();
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Channel<string?> _watch = Channel.CreateUnbounded<string?>(); // Lines to send; null ends the watch.
    private Func<HttpResponse, Task> _list = response => response.JsonAsync(Answers.List(10, Answers.Pod("a", 1), Answers.Pod("b", 2)));
    private Func<Seen, HttpResponse, Task>? _answerWatch;
    private ScriptedServer? _server;
    private KubernetesClient? _client;
    private Task _running = Task.CompletedTask;

    private IEnumerable<Seen> Watches => _server!.Requests.Where(request => request.IsWatch);

    private int Lists => _server!.Requests.Count(request => !request.IsWatch);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client?.Dispose();
        if (_server is not null) await _server.DisposeAsync();
    }

    [Fact]
    public async Task It_lists_then_watches_from_the_version_of_the_list()
    {
        var informer = await StartAsync();

        Assert.True(informer.HasSynced);
        Assert.Equal(["a", "b"], informer.Lister.List().Select(pod => pod.Metadata.Name).Order(StringComparer.Ordinal));
        await Wait.UntilAsync(() => Watches.Any(), "a watch was opened");
        Assert.Contains("resourceVersion=10", Watches.Single().Query, StringComparison.Ordinal);
        Assert.Contains("allowWatchBookmarks=true", Watches.Single().Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_not_synced_before_the_first_list()
    {
        _list = response => response.StatusAsync(500, "InternalError", "not yet");
        var informer = Create(await ServeAsync());
        _running = informer.RunAsync(_stop.Token);

        await Wait.UntilAsync(() => informer.Failures == 1, "the list failed");
        Assert.False(informer.HasSynced);
        _list = response => response.JsonAsync(Answers.List(3));
        await _time.AdvanceUntilAsync(() => informer.HasSynced, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Events_change_the_store_and_reach_every_subscriber()
    {
        var informer = await StartAsync();
        using var early = informer.Subscribe();
        Assert.Equal([(ChangeKind.Added, "a", "1"), (ChangeKind.Added, "b", "2")], (await TakeAsync(early, 2)).OrderBy(told => told.Item2, StringComparer.Ordinal));

        Say(Answers.Line("MODIFIED", Answers.Pod("a", 11)), Answers.Line("DELETED", Answers.Pod("b", 12)), Answers.Line("ADDED", Answers.Pod("c", 13)));

        Assert.Equal([(ChangeKind.Modified, "a", "11"), (ChangeKind.Deleted, "b", "12"), (ChangeKind.Added, "c", "13")], await TakeAsync(early, 3));
        Assert.Equal(["a", "c"], informer.Lister.List().Select(pod => pod.Metadata.Name).Order(StringComparer.Ordinal));
        using var late = informer.Subscribe();
        Assert.Equal([(ChangeKind.Added, "a", "11"), (ChangeKind.Added, "c", "13")], (await TakeAsync(late, 2)).OrderBy(told => told.Item2, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_watch_that_ends_is_resumed_after_the_last_event_or_bookmark()
    {
        await StartAsync();
        Say(Answers.Line("MODIFIED", Answers.Pod("a", 11)), Answers.Bookmark(40), null);
        await Wait.UntilAsync(() => Watches.Count() == 2, "a second watch");
        Assert.Contains("resourceVersion=40", Watches.Last().Query, StringComparison.Ordinal);

        Say(Answers.Line("MODIFIED", Answers.Pod("a", 41)), null);
        await Wait.UntilAsync(() => Watches.Count() == 3, "a third watch");
        Assert.Contains("resourceVersion=41", Watches.Last().Query, StringComparison.Ordinal);
        Assert.Equal(1, Lists);
    }

    [Fact]
    public async Task A_watch_that_ends_at_once_without_a_word_is_not_reopened_in_a_tight_loop()
    {
        await StartAsync();
        Say(null, null, null, null);
        await Wait.UntilAsync(() => Watches.Count() == 1 && _time.ArmedTimers > 0, "the first watch ended");
        await Task.Delay(100, Wait.Stop);
        Assert.Single(Watches);

        await _time.AdvanceUntilAsync(() => Watches.Count() == 3, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_expired_version_asks_for_a_new_list_and_only_differences_are_told(bool asEvent)
    {
        var informer = await StartAsync();
        using var feed = informer.Subscribe();
        await TakeAsync(feed, 2);
        var unchanged = informer.Lister.Find(new ObjectKey("shop", "a"));

        _list = response => response.JsonAsync(Answers.List(90, Answers.Pod("a", 1), Answers.Pod("c", 80)));
        if (asEvent)
        {
            Say(Answers.Gone());
        }
        else
        {
            _answerWatch = (_, response) => response.StatusAsync(410, "Expired", "too old resource version");
            Say(Answers.Bookmark(11), null);
        }

        await _time.AdvanceUntilAsync(() => informer.Relists == 2, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
        Assert.Equal([(ChangeKind.Added, "c", "80"), (ChangeKind.Deleted, "b", "2")], await TakeAsync(feed, 2));
        Assert.Equal(0, feed.Depth);
        Assert.Same(unchanged, informer.Lister.Find(new ObjectKey("shop", "a")));
        _answerWatch = null;
        await _time.AdvanceUntilAsync(() => Watches.Last().Query.Contains("resourceVersion=90", StringComparison.Ordinal), TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_server_that_is_away_is_asked_less_and_less_often_and_nothing_is_lost()
    {
        var informer = await StartAsync();
        _answerWatch = (_, response) => response.StatusAsync(503, "", "away");
        Say(Answers.Bookmark(11), null);
        await _time.AdvanceUntilAsync(() => informer.Failures == 8, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(2));
        var before = informer.Failures;
        _time.Advance(TimeSpan.FromSeconds(1));
        await Task.Delay(50, Wait.Stop);
        Assert.Equal(before, informer.Failures);
        Assert.Equal(2, informer.Count);

        _answerWatch = null;
        Say(Answers.Line("ADDED", Answers.Pod("z", 12)));
        await _time.AdvanceUntilAsync(() => informer.Count == 3, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2));
        Assert.Contains("resourceVersion=11", Watches.Last().Query, StringComparison.Ordinal);
        Assert.Equal(1, Lists);
    }

    [Fact]
    public async Task A_slow_subscriber_holds_the_watch_and_loses_nothing()
    {
        var informer = await StartAsync();
        using var slow = informer.Subscribe(capacity: 3);
        for (var i = 0; i < 50; i++) Say(Answers.Line("ADDED", Answers.Pod("p" + i, 100 + i)));
        await Wait.UntilAsync(() => informer.Count >= 3, "the feed filled");
        await Task.Delay(50, Wait.Stop);
        Assert.InRange(informer.Count, 3, 10);

        Assert.Equal(52, (await TakeAsync(slow, 52)).Select(told => told.Item2).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task An_object_that_does_not_fit_keeps_its_last_readable_state()
    {
        var informer = await StartAsync();
        var odd = """{"metadata":{"name":"a","namespace":"shop","resourceVersion":"20"},"spec":7}""";

        Say(Answers.Line("MODIFIED", odd), Answers.Line("ADDED", Answers.Pod("c", 21)));
        await Wait.UntilAsync(() => informer.Count == 3, "the event after it arrived");

        Assert.Equal("1", informer.Lister.Find(new ObjectKey("shop", "a"))!.Metadata.ResourceVersion);
        Assert.Equal(1, informer.Unreadable);
    }

    [Fact]
    public async Task Objects_are_slimmed_and_indexed_before_anybody_sees_them()
    {
        var informer = Create(await ServeAsync(), new InformerOptions<Pod>
        {
            Slim = pod => pod with { Status = new PodStatus() },
            Indexes = new Dictionary<string, Func<Pod, IEnumerable<string>>> { ["node"] = pod => [pod.Spec.NodeName ?? ""] },
        });
        _running = informer.RunAsync(_stop.Token);
        await informer.WaitForSyncAsync(Wait.Stop);

        Assert.All(informer.Lister.ByIndex("node", "a"), pod => Assert.Null(pod.Status.Phase));
        Assert.Equal(2, informer.Lister.ByIndex("node", "a").Count());
    }

    private async Task<Informer<Pod>> StartAsync()
    {
        var informer = Create(await ServeAsync());
        _running = informer.RunAsync(_stop.Token);
        await informer.WaitForSyncAsync(Wait.Stop);
        return informer;
    }

    private async Task<ScriptedServer> ServeAsync() => _server = await ScriptedServer.StartAsync(async (request, response) =>
    {
        if (!request.IsWatch)
        {
            await _list(response);
        }
        else if (_answerWatch is { } answer)
        {
            await answer(request, response);
        }
        else
        {
            await response.StartAsync();
            while (await _watch.Reader.ReadAsync(response.HttpContext.RequestAborted) is { } line) await response.WriteAsync(line);
        }
    });

    private Informer<Pod> Create(ScriptedServer server, InformerOptions<Pod>? options = null) =>
        new(_client = server.Client(_time), Pod.Resource, options);

    private void Say(params string?[] lines)
    {
        foreach (var line in lines) Assert.True(_watch.Writer.TryWrite(line));
    }

    private static async Task<List<(ChangeKind, string, string)>> TakeAsync(ChangeFeed<Pod> feed, int count)
    {
        var told = new List<(ChangeKind, string, string)>();
        while (told.Count < count)
        {
            var change = await feed.ReadAsync(Wait.Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Wait.Stop);
            told.Add((change.Kind, change.Key.Name, change.Object.Metadata.ResourceVersion));
        }

        return told;
    }
}
