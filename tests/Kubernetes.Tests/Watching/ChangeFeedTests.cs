using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Watching;

namespace Mesh.Kubernetes.Tests.Watching;

public sealed class ChangeFeedTests
{
    private readonly ChangeFeed<Pod> _feed = new(capacity: 4, static _ => { });

    [Fact]
    public void Changes_come_in_the_order_in_which_objects_first_changed()
    {
        Offer("a", null, 1);
        Offer("b", null, 1);
        Offer("a", 1, 2);

        Assert.Equal([("a", ChangeKind.Added, "2"), ("b", ChangeKind.Added, "1")], Drain());
    }

    [Fact]
    public void Modified_twice_is_one_change_from_the_first_to_the_last()
    {
        Offer("a", 1, 2);
        Offer("a", 2, 3);

        Assert.True(_feed.TryRead(out var change));
        Assert.Equal(("1", "3"), (change.Old!.Metadata.ResourceVersion, change.New!.Metadata.ResourceVersion));
        Assert.Equal(ChangeKind.Modified, change.Kind);
    }

    [Fact]
    public void Added_and_deleted_unseen_is_nothing()
    {
        Offer("a", null, 1);
        Offer("a", 1, null);

        Assert.Empty(Drain());
        Assert.Equal(0, _feed.Depth);
    }

    [Fact]
    public void Deleted_and_made_again_is_a_modification()
    {
        Offer("a", 1, null);
        Offer("a", null, 5);

        Assert.Equal([("a", ChangeKind.Modified, "5")], Drain());
    }

    [Fact]
    public void Modified_then_deleted_is_a_deletion_with_what_the_subscriber_knew()
    {
        Offer("a", 1, 2);
        Offer("a", 2, null);

        Assert.Equal([("a", ChangeKind.Deleted, "1")], Drain());
    }

    [Fact]
    public void A_key_that_vanished_and_came_back_is_told_once()
    {
        Offer("a", null, 1);
        Offer("a", 1, null);
        Offer("b", null, 2);
        Offer("a", null, 3);

        Assert.Equal(["a", "b"], Drain().Select(told => told.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Coming_and_going_for_ever_needs_no_memory()
    {
        for (var i = 0; i < 100_000; i++)
        {
            Offer("a" + (i % 3), null, i);
            Offer("a" + (i % 3), i, null);
        }

        Assert.Equal(0, _feed.Depth);
        Assert.InRange(_feed.OrderLength, 0, 100);
    }

    [Fact]
    public async Task A_full_feed_lets_its_writer_wait_until_something_is_taken()
    {
        for (var i = 0; i < 4; i++) Offer("a" + i, null, 1);
        var waiting = _feed.WaitForRoomAsync(TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);

        Assert.True(_feed.TryRead(out _));

        await waiting.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Leaving_frees_a_waiting_writer()
    {
        for (var i = 0; i < 4; i++) Offer("a" + i, null, 1);
        var waiting = _feed.WaitForRoomAsync(TestContext.Current.CancellationToken);

        _feed.Dispose();

        await waiting.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_reader_waits_for_the_next_change()
    {
        var reading = _feed.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(reading.IsCompleted);

        Offer("a", null, 1);

        Assert.Equal("a", (await reading.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).Key.Name);
    }

    private void Offer(string name, int? old, int? now) => _feed.Offer(new Change<Pod>(new ObjectKey("s", name), Make(name, old), Make(name, now)));

    private static Pod? Make(string name, int? version) => version is null
        ? null
        : new Pod { Metadata = new ObjectMeta { Name = name, Namespace = "s", ResourceVersion = $"{version}" } };

    private List<(string Name, ChangeKind Kind, string Version)> Drain()
    {
        var told = new List<(string, ChangeKind, string)>();
        while (_feed.TryRead(out var change)) told.Add((change.Key.Name, change.Kind, change.Object.Metadata.ResourceVersion));
        return told;
    }
}
