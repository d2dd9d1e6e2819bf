using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Watching;

namespace Mesh.Kubernetes.Tests.Watching;

public sealed class ListerTests
{
    private static readonly Dictionary<string, Func<Pod, IEnumerable<string>>> ByNode = new() { ["node"] = pod => pod.Spec.NodeName is { } node ? [node] : [] };

    private readonly Lister<Pod> _lister = new(ByNode);

    [Fact]
    public void An_index_follows_objects_as_they_move()
    {
        Put("p", "a");
        Put("q", "a");
        Put("r", "a");
        Assert.Equal(["p", "q", "r"], On("a"));

        Put("q", "b");
        Assert.Equal(["p", "r"], On("a"));
        Assert.Equal(["q"], On("b"));

        _lister.Remove(new ObjectKey("s", "p"));
        _lister.Remove(new ObjectKey("s", "q"));
        Assert.Equal(["r"], On("a"));
        Assert.Empty(On("b"));

        Put("r", null);
        Assert.Empty(On("a"));
    }

    [Fact]
    public void An_index_gives_the_latest_state_of_its_objects()
    {
        Put("p", "a", version: 1);
        Put("p", "a", version: 2);
        Assert.Equal("2", _lister.ByIndex("node", "a").Single().Metadata.ResourceVersion);

        Put("q", "a");
        Put("p", "a", version: 3);
        Assert.Equal("3", _lister.ByIndex("node", "a").Single(pod => pod.Metadata.Name == "p").Metadata.ResourceVersion);
    }

    [Fact]
    public void An_index_that_was_not_asked_for_is_a_mistake() =>
        Assert.Throws<ArgumentException>(() => _lister.ByIndex("zone", "a"));

    [Fact]
    public void A_namespace_can_be_listed()
    {
        var lister = Lister<Pod>.Of([Make("p", "a", 1), Make("q", "a", 1, space: "t")]);

        Assert.Equal("q", lister.List("t").Single().Metadata.Name);
        Assert.Equal(2, lister.Count);
        Assert.NotNull(lister.Find(new ObjectKey("s", "p")));
        Assert.Null(lister.Find(new ObjectKey("s", "q")));
    }

    private void Put(string name, string? node, int version = 1) => _lister.Put(Make(name, node, version));

    private string[] On(string node) => [.. _lister.ByIndex("node", node).Select(pod => pod.Metadata.Name).Order(StringComparer.Ordinal)];

    private static Pod Make(string name, string? node, int version, string space = "s") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = space, ResourceVersion = $"{version}" },
        Spec = new PodSpec { NodeName = node },
    };
}
