using Mesh.Kubernetes;
using Mesh.Kubernetes.Tests.Support;
using Mesh.Operator.Install;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Operator.Tests.Install;

public sealed class ChildWatchTests
{
    [Fact]
    public async Task Kinds_that_could_not_be_watched_for_a_moment_are_watched_by_the_next_pass()
    {
        var isDown = true;
        await using var server = await ScriptedServer.StartAsync((seen, response) => Answer(seen, response, isDown));
        using var client = server.Client();
        await using var children = new ChildWatch(client, NullLogger.Instance);
        await Assert.ThrowsAsync<ApiException>(() => children.WatchAsync(["a"]));
        isDown = false;
        await children.WatchAsync(["a"]);
        await Wait.UntilAsync(() => server.Requests.Any(seen => seen.Path == "/api/v1/namespaces/a/services"), "the Services are watched");
        Assert.Contains(server.Requests, seen => seen.Path == "/apis/apps/v1/namespaces/a/daemonsets");
    }

    private static Task Answer(Seen seen, HttpResponse response, bool isDown) => seen.Path switch
    {
        "/api" => response.JsonAsync("""{"kind":"APIVersions","versions":["v1"]}"""),
        "/apis" => response.JsonAsync("""{"kind":"APIGroupList","groups":[{"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}]}]}"""),
        "/apis/apps/v1" => response.JsonAsync(
            """{"kind":"APIResourceList","groupVersion":"apps/v1","resources":[{"name":"daemonsets","kind":"DaemonSet","namespaced":true}]}"""),
        "/api/v1" when isDown => response.StatusAsync(500, "InternalError", "no storage"),
        "/api/v1" => response.JsonAsync(
            """{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"services","kind":"Service","namespaced":true},{"name":"pods","kind":"Pod","namespaced":true}]}"""),
        _ => response.JsonAsync("""{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}"""),
    };
}
