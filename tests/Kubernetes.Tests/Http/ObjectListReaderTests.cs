using System.Text;
using System.Text.Json;
using Mesh.Kubernetes.Http;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Http;

public sealed class ObjectListReaderTests
{
    private const string Good =
        """{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"17","continue":"next","remainingItemCount":3},"items":[{"metadata":{"name":"a","namespace":"s"}},{"metadata":{"name":"b","namespace":"s","managedFields":[{"x":{"]":"}"}}]}}]}""";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(4096)]
    public async Task A_list_reads_the_same_however_it_arrives(int chunk)
    {
        var list = await ReadAsync(Good, chunk);

        Assert.Equal(["a", "b"], list.Items.Select(pod => pod.Metadata.Name));
        Assert.Equal(("17", "next"), (list.ResourceVersion, list.Continue));
    }

    [Fact]
    public async Task Every_truncation_is_an_error()
    {
        for (var length = 0; length < Good.Length; length++)
        {
            var cut = Good[..length];
            await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(cut, 64));
        }
    }

    [Theory]
    [InlineData("""{"items":null,"metadata":{}}""")]
    [InlineData("""{"metadata":null}""")]
    [InlineData("{}")]
    public async Task An_empty_list_may_be_absent_or_null(string json)
    {
        var list = await ReadAsync(json, 16);

        Assert.Empty(list.Items);
        Assert.Equal("", list.ResourceVersion);
        Assert.Null(list.Continue);
    }

    [Fact]
    public async Task Metadata_may_come_last()
    {
        var list = await ReadAsync("""{"items":[{"metadata":{"name":"a"}}],"metadata":{"resourceVersion":"4"}}""", 5);

        Assert.Equal("4", list.ResourceVersion);
    }

    [Fact]
    public async Task An_object_that_does_not_fit_is_left_out_and_named()
    {
        var list = await ReadAsync(
            """{"items":[{"metadata":{"name":"odd","namespace":"s","resourceVersion":"3"},"spec":{"hostNetwork":"yes"}},{"metadata":{"name":"good"}},{"metadata":7},null]}""", 11);

        Assert.Equal(["good"], list.Items.Select(pod => pod.Metadata.Name));
        Assert.Equal([new ObjectKey("s", "odd"), new ObjectKey("", ""), default], list.Unreadable.Select(odd => odd.Key));
        Assert.Equal("3", list.Unreadable[0].ResourceVersion);
        Assert.Contains("hostNetwork", list.Unreadable[0].Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("""{"items":{}}""")]
    [InlineData("<html>")]
    public async Task What_is_no_list_is_an_error(string text) => await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(text, 16));

    private static Task<ObjectList<Pod>> ReadAsync(string text, int chunk) =>
        new ObjectListReader<Pod>(Pod.Resource.Json).ReadAsync(new SlowStream(Encoding.UTF8.GetBytes(text), chunk), Wait.Stop);
}
