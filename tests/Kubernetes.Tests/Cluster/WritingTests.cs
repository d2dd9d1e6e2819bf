using System.Text;
using System.Text.Json.Nodes;
using Mesh.Kubernetes.Events;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Reviews;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Cluster;

[Collection("Cluster")]
[Trait("Category", "Cluster")]
public sealed class WritingTests(ApiServer server)
{
    [Fact]
    public async Task Creating_twice_says_that_it_exists()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        var map = Map(space, "a");

        await client.CreateAsync(ConfigMap.Resource, map, Wait.Stop);
        var second = await client.TryCreateAsync(ConfigMap.Resource, map, WriteOptions.Default, Wait.Stop);

        Assert.Equal(ApiErrorReason.AlreadyExists, second.Error!.Reason);
    }

    [Fact]
    public async Task A_dry_run_stores_nothing()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);

        var result = await client.TryCreateAsync(ConfigMap.Resource, Map(space, "a"), new WriteOptions { DryRun = true }, Wait.Stop);

        Assert.Equal("a", result.Get().Metadata.Name);
        Assert.Null(await client.FindAsync(ConfigMap.Resource, new ObjectKey(space, "a"), Wait.Stop));
    }

    [Fact]
    public async Task An_invalid_object_names_its_fields()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);

        var result = await client.TryCreateAsync(Pod.Resource, new Pod { Metadata = new ObjectMeta { Name = "a", Namespace = space } }, WriteOptions.Default, Wait.Stop);

        Assert.Equal(ApiErrorReason.Invalid, result.Error!.Reason);
        Assert.Contains(result.Error.Causes, cause => cause.Field == "spec.containers");
    }

    [Fact]
    public async Task An_apply_that_meets_another_owner_names_manager_and_field_and_force_takes_over()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        Task<ApplyOutcome<KubernetesObject>> ApplyAsync(string value, string manager, bool force = false) => client.ApplyAsync(
            Parse($$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"{{space}}"},"data":{"color":"{{value}}"} }"""),
            new ApplyOptions { FieldManager = manager, Force = force },
            Wait.Stop);

        (await ApplyAsync("red", "them")).Get();
        var conflict = await ApplyAsync("blue", "us");
        var forced = await ApplyAsync("blue", "us", force: true);
        var same = await ApplyAsync("blue", "them");

        Assert.Null(conflict.Applied);
        Assert.Equal(("them", ".data.color"), (conflict.Conflicts.Single().Manager, conflict.Conflicts.Single().Field));
        Assert.Equal("blue", (string?)forced.Get().Json["data"]!["color"]);
        Assert.NotNull(same.Applied); // Equal values share their field.
    }

    [Fact]
    public async Task A_typed_apply_owns_only_what_it_says()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        var map = Map(space, "a") with { Data = new Dictionary<string, string> { ["mine"] = "1" } };
        await client.ApplyAsync(ConfigMap.Resource, map, ApplyOptions.Default, Wait.Stop);
        await client.PatchAsync(ConfigMap.Resource, map.Metadata.Key, PatchKind.Merge, JsonNode.Parse("""{"data":{"other":"2"},"metadata":{"labels":{"x":"y"}}}""")!, Wait.Stop);

        var applied = (await client.ApplyAsync(ConfigMap.Resource, map with { Data = new Dictionary<string, string> { ["mine2"] = "3" } }, ApplyOptions.Default, Wait.Stop)).Get();

        Assert.Equal(["mine2", "other"], applied.Data.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("y", applied.Metadata.Labels["x"]);
    }

    [Fact]
    public async Task A_delete_keeps_to_its_preconditions()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        var map = await client.CreateAsync(ConfigMap.Resource, Map(space, "a"), Wait.Stop);
        Task<DeleteOutcome> DeleteAsync(DeleteOptions options) => client.DeleteAsync(ConfigMap.Resource, map.Metadata.Key, options, Wait.Stop);

        Assert.Equal(DeleteOutcome.PreconditionFailed, await DeleteAsync(new DeleteOptions { Uid = "00000000-0000-0000-0000-000000000000" }));
        Assert.Equal(DeleteOutcome.PreconditionFailed, await DeleteAsync(new DeleteOptions { ResourceVersion = "1" }));
        Assert.Equal(DeleteOutcome.Deleted, await DeleteAsync(new DeleteOptions { Uid = map.Metadata.Uid, ResourceVersion = map.Metadata.ResourceVersion }));
        Assert.Equal(DeleteOutcome.NotFound, await DeleteAsync(DeleteOptions.Default));
    }

    [Fact]
    public async Task A_finalizer_keeps_a_deleted_object_until_it_is_removed()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        var map = Map(space, "a");
        map = await client.CreateAsync(ConfigMap.Resource, map with { Metadata = map.Metadata with { Finalizers = ["example.com/hold"] } }, Wait.Stop);

        Assert.Equal(DeleteOutcome.Pending, await client.DeleteAsync(ConfigMap.Resource, map.Metadata.Key, DeleteOptions.Default, Wait.Stop));
        Assert.True((await client.GetAsync(ConfigMap.Resource, map.Metadata.Key, Wait.Stop)).Metadata.IsBeingDeleted);
        await client.PatchAsync(ConfigMap.Resource, map.Metadata.Key, PatchKind.Json, JsonNode.Parse("""[{"op":"remove","path":"/metadata/finalizers"}]""")!, Wait.Stop);

        Assert.Null(await client.FindAsync(ConfigMap.Resource, map.Metadata.Key, Wait.Stop));
    }

    [Fact]
    public async Task A_collection_is_deleted_by_selector()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        foreach (var name in new[] { "a", "b", "c" })
        {
            var map = Map(space, name);
            var labels = StringMap.From([KeyValuePair.Create("drop", name == "b" ? "no" : "yes")]);
            await client.CreateAsync(ConfigMap.Resource, map with { Metadata = map.Metadata with { Labels = labels } }, Wait.Stop);
        }

        await client.DeleteCollectionAsync(ConfigMap.Resource, new ListOptions { Namespace = space, LabelSelector = "drop=yes" }, DeleteOptions.Default, Wait.Stop);

        Assert.Equal("b", (await client.ListAsync(ConfigMap.Resource, new ListOptions { Namespace = space }, Wait.Stop)).Items.Single().Metadata.Name);
    }

    [Fact]
    public async Task A_custom_kind_of_another_project_is_typed_and_its_status_is_written_apart()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        await Widgets.DefineAsync(client);
        var key = new ObjectKey(space, "w");
        await client.CreateAsync(Widget.Resource, new Widget { Metadata = new ObjectMeta { Name = "w", Namespace = space }, Spec = new WidgetSpec { Size = 3 } }, Wait.Stop);

        var patched = await client.PatchStatusAsync(Widget.Resource, key, new JsonObject { ["phase"] = "Ready", ["note"] = "first" }, Wait.Stop);
        var outcome = await client.ApplyStatusAsync(
            KubernetesObject.TypeOf("example.com", "v1", "widgets", "Widget", namespaced: true),
            Parse($$"""{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"{{space}}"},"spec":{"size":9},"status":{"phase":"Broken"} }"""),
            new ApplyOptions { FieldManager = "status-writer", Force = true },
            Wait.Stop);

        Assert.Equal(("Ready", 3, 1L), (patched.Status.Phase, patched.Spec.Size, patched.Metadata.Generation));
        var now = await client.GetAsync(Widget.Resource, key, Wait.Stop);
        Assert.Equal(("Broken", "first", 3), (now.Status.Phase, now.Status.Note, now.Spec.Size)); // Status writes do not touch spec.
        Assert.Equal("Broken", (string?)outcome.Get().Status!["phase"]);

        // The server serves a new kind a moment before its discovery tells of it.
        ResourceType<KubernetesObject>? found = null;
        for (var attempt = 0; attempt < 100 && found is null; attempt++)
        {
            await client.Discovery.RefreshAsync(Wait.Stop);
            found = await client.Discovery.FindAsync("example.com", "Widget", Wait.Stop);
            if (found is null) await Task.Delay(100, Wait.Stop);
        }

        Assert.NotNull(found);
    }

    [Fact]
    public async Task A_token_is_reviewed_for_its_audience()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        var account = new ObjectKey(space, "cart");
        await client.CreateAsync(ServiceAccount.Resource, new ServiceAccount { Metadata = new ObjectMeta { Name = "cart", Namespace = space } }, Wait.Stop);
        var token = (await client.TryRequestTokenAsync(account, ["istio-ca"], TimeSpan.FromMinutes(10), Wait.Stop)).Get();

        var good = (await client.TryReviewTokenAsync(token, ["istio-ca"], Wait.Stop)).Get();
        var other = (await client.TryReviewTokenAsync(token, ["kubernetes.default.svc"], Wait.Stop)).Get();
        var bad = (await client.TryReviewTokenAsync("nonsense", ["istio-ca"], Wait.Stop)).Get();

        Assert.True(good.Authenticated);
        Assert.Equal(account, good.ServiceAccount);
        Assert.Contains($"system:serviceaccounts:{space}", good.Groups);
        Assert.False(other.Authenticated);
        Assert.Null(other.ServiceAccount);
        Assert.False(bad.Authenticated);
    }

    [Fact]
    public async Task Access_is_reviewed_for_others_and_for_ourselves()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        var user = $"system:serviceaccount:{space}:viewer";
        await Rights.GrantAsync(client, space, "viewer");
        var request = AccessRequest.To("list", Pod.Resource, space);

        await UntilAsync(async () => (await client.TryReviewAccessAsync(user, [], request, Wait.Stop)).Get().Allowed);
        Assert.False((await client.TryReviewAccessAsync(user, [], request with { Namespace = "kube-system" }, Wait.Stop)).Get().Allowed);
        Assert.True((await client.TryReviewOwnAccessAsync(AccessRequest.To("delete", Node.Resource), Wait.Stop)).Get().Allowed);
    }

    [Fact]
    public async Task A_rotated_token_file_is_used_without_a_restart()
    {
        using var admin = server.Connect();
        using var folder = new Folder();
        var time = new ManualTime();
        var space = await server.CreateNamespaceAsync(admin);
        folder.Write("token", await TokenAsync(admin, space, "before"));
        using var client = new KubernetesClient(
            Credentials.Discover(server.Search(folder, "tokenFile: token") with { Time = time }), new KubernetesClientOptions { Time = time });
        var key = new ObjectKey(space, "none");
        Assert.Contains(":before\"", (await client.TryGetAsync(Secret.Resource, key, Wait.Stop)).Error!.Message, StringComparison.Ordinal);

        folder.Write("token", await TokenAsync(admin, space, "after"));
        time.Advance(TimeSpan.FromSeconds(30));

        Assert.Contains(":after\"", (await client.TryGetAsync(Secret.Resource, key, Wait.Stop)).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_token_is_replaced_by_what_the_file_holds_now()
    {
        using var admin = server.Connect();
        using var folder = new Folder();
        var time = new ManualTime(); // Stands still: only the refusal makes the client look again.
        var space = await server.CreateNamespaceAsync(admin);
        folder.Write("token", "stale");
        using var client = new KubernetesClient(
            Credentials.Discover(server.Search(folder, "tokenFile: token") with { Time = time }), new KubernetesClientOptions { Time = time });
        Assert.Equal(ApiErrorReason.Unauthorized, (await client.TryGetAsync(Secret.Resource, new ObjectKey(space, "none"), Wait.Stop)).Error!.Reason);

        folder.Write("token", await TokenAsync(admin, space, "fresh"));

        Assert.Contains(":fresh\"", (await client.TryGetAsync(Secret.Resource, new ObjectKey(space, "none"), Wait.Stop)).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_event_twice_is_one_event_with_a_count()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        var map = await client.CreateAsync(ConfigMap.Resource, Map(space, "a"), Wait.Stop);
        var recorder = new EventRecorder(client, "mesh.dev/tests", "pod-1");

        for (var i = 0; i < 3; i++) await recorder.RecordAsync(ConfigMap.Resource, map, EventKind.Warning, "Broken", "Checking", "It does not work.", Wait.Stop);
        await recorder.RecordAsync(ConfigMap.Resource, map, EventKind.Normal, "Mended", "Checking", "It works.", Wait.Stop);

        var events = (await client.ListAsync(Event.Resource, new ListOptions { Namespace = space }, Wait.Stop)).Items;
        Assert.Equal((2, 4L, 0L), (events.Count, recorder.Written, recorder.Failed));
        var broken = events.Single(e => e.Reason == "Broken");
        Assert.Equal((3, "Warning", "It does not work.", map.Metadata.Uid), (broken.Series!.Count, broken.Type, broken.Note, broken.Regarding!.Uid));
    }

    private static async Task<string> TokenAsync(KubernetesClient admin, string space, string account)
    {
        await admin.CreateAsync(ServiceAccount.Resource, new ServiceAccount { Metadata = new ObjectMeta { Name = account, Namespace = space } }, Wait.Stop);
        return (await admin.TryRequestTokenAsync(new ObjectKey(space, account), [], TimeSpan.FromMinutes(10), Wait.Stop)).Get();
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; !await condition(); i++)
        {
            Assert.True(i < 200, "The server's authorizer did not learn of the binding.");
            await Task.Delay(50, Wait.Stop);
        }
    }

    private static ConfigMap Map(string space, string name) => new() { Metadata = new ObjectMeta { Name = name, Namespace = space } };

    private static KubernetesObject Parse(string json) => KubernetesObject.Parse(Encoding.UTF8.GetBytes(json));
}
