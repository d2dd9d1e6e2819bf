using Mesh.Kubernetes.Events;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Events;

public sealed class EventRecorderTests
{
    private readonly ManualTime _time = new();
    private readonly ConfigMap _map = new() { Metadata = new ObjectMeta { Name = "a", Namespace = "s", Uid = "u" } };

    [Fact]
    public async Task Equal_notes_become_a_series_and_a_vanished_first_event_starts_a_new_one()
    {
        var gone = false;
        await using var server = await ScriptedServer.StartAsync((request, response) =>
            gone && request.Method == "PATCH" ? response.StatusAsync(404, "NotFound", "events expire") : response.JsonAsync("{}"));
        using var client = server.Client(_time);
        var recorder = new EventRecorder(client, "mesh.dev/operator", "pod");

        await RecordAsync(recorder, "one");
        await RecordAsync(recorder, "one");
        await RecordAsync(recorder, "two");
        gone = true;
        await RecordAsync(recorder, "one");

        Assert.Equal(["POST", "PATCH", "POST", "PATCH", "POST"], server.Requests.Select(request => request.Method));
        Assert.Equal(2, (int)server.Requests[1].Json["series"]!["count"]!);
        Assert.Equal("/apis/events.k8s.io/v1/namespaces/s/events", server.Requests[0].Path);
        Assert.Equal("2026-01-01T00:00:00.000000Z", (string?)server.Requests[0].Json["eventTime"]);
    }

    [Fact]
    public async Task One_object_cannot_flood_the_server()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.JsonAsync("{}"));
        using var client = server.Client(_time);
        var recorder = new EventRecorder(client, "c", "i");

        for (var i = 0; i < 40; i++) await RecordAsync(recorder, $"note {i}");
        Assert.Equal((25L, 15L), (recorder.Written, recorder.Withheld));
        _time.Advance(TimeSpan.FromMinutes(3));
        for (var i = 0; i < 5; i++) await RecordAsync(recorder, $"later {i}");

        Assert.Equal((28L, 17L), (recorder.Written, recorder.Withheld));
    }

    [Fact]
    public async Task Failing_to_tell_is_counted_and_not_thrown()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.StatusAsync(403, "Forbidden", "no"));
        using var client = server.Client(_time);
        var recorder = new EventRecorder(client, "c", "i");

        await RecordAsync(recorder, "one");

        Assert.Equal((0L, 1L), (recorder.Written, recorder.Failed));
    }

    [Fact]
    public async Task Long_names_and_notes_are_cut_to_what_the_server_takes()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.JsonAsync("{}"));
        using var client = server.Client(_time);
        var node = new Node { Metadata = new ObjectMeta { Name = new string('n', 253) } };

        await new EventRecorder(client, "c", "i").RecordAsync(Node.Resource, node, EventKind.Warning, "R", "A", new string('x', 5000), Wait.Stop);

        var sent = server.Requests[0].Json;
        Assert.Equal(253, ((string?)sent["metadata"]!["name"])!.Length);
        Assert.Equal("default", (string?)sent["metadata"]!["namespace"]);
        Assert.Equal(1024, ((string?)sent["note"])!.Length);
    }

    private Task RecordAsync(EventRecorder recorder, string note) =>
        recorder.RecordAsync(ConfigMap.Resource, _map, EventKind.Normal, "Reason", "Action", note, Wait.Stop);
}
