using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Support;
using Mesh.Kubernetes.Watching;

namespace Mesh.Kubernetes.Tests.Cluster;

[Collection("Cluster")]
[Trait("Category", "Cluster")]
public sealed class ReadingTests(ApiServer server)
{
    [Fact]
    public async Task The_server_tells_its_version()
    {
        using var client = server.Connect();

        var version = await client.GetServerVersionAsync(Wait.Stop);

        Assert.True(version.Numbers is { Major: 1, Minor: >= 20 }, version.GitVersion);
    }

    [Fact]
    public async Task Objects_are_listed_in_pages()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        for (var i = 0; i < 7; i++) await CreateMapAsync(client, space, $"m{i}");

        var list = await client.ListAsync(ConfigMap.Resource, new ListOptions { Namespace = space, PageSize = 3 }, Wait.Stop);
        var first = (await client.TryListPageAsync(ConfigMap.Resource, new ListOptions { Namespace = space }, 3, null, Wait.Stop)).Get();

        Assert.Equal(7, list.Items.Count);
        Assert.Equal((3, true), (first.Items.Count, first.Continue is not null));
        Assert.NotEqual("", list.ResourceVersion);
    }

    [Fact]
    public async Task A_continue_token_from_before_a_compaction_is_expired()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        for (var i = 0; i < 3; i++) await CreateMapAsync(client, space, $"m{i}");
        var options = new ListOptions { Namespace = space };
        var first = (await client.TryListPageAsync(ConfigMap.Resource, options, 1, null, Wait.Stop)).Get();
        await CreateMapAsync(client, space, "later");
        await server.CompactAsync();

        var second = await client.TryListPageAsync(ConfigMap.Resource, options, 1, first.Continue, Wait.Stop);

        Assert.Equal((ApiErrorReason.Expired, 410), (second.Error!.Reason, second.Error.StatusCode));
        Assert.Equal(4, (await client.ListAsync(ConfigMap.Resource, options with { PageSize = 1 }, Wait.Stop)).Items.Count);
    }

    [Fact]
    public async Task Label_and_field_selectors_select()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        await CreateMapAsync(client, space, "a", ("tier", "web"));
        await CreateMapAsync(client, space, "b", ("tier", "db"));

        var byLabel = await client.ListAsync(ConfigMap.Resource, new ListOptions { Namespace = space, LabelSelector = "tier in (web, cache)" }, Wait.Stop);
        var byField = await client.ListAsync(ConfigMap.Resource, new ListOptions { Namespace = space, FieldSelector = "metadata.name=b" }, Wait.Stop);

        Assert.Equal("a", byLabel.Items.Single().Metadata.Name);
        Assert.Equal("b", byField.Items.Single().Metadata.Name);
    }

    [Fact]
    public async Task A_watch_tells_what_happens_after_its_version()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        var options = new ListOptions { Namespace = space };
        var list = await client.ListAsync(ConfigMap.Resource, options, Wait.Stop);
        var made = await CreateMapAsync(client, space, "a");
        await client.PatchAsync(ConfigMap.Resource, made.Metadata.Key, PatchKind.Merge, System.Text.Json.Nodes.JsonNode.Parse("""{"data":{"k":"2"}}""")!, Wait.Stop);
        await client.DeleteAsync(ConfigMap.Resource, made.Metadata.Key, DeleteOptions.Default, Wait.Stop);

        await using var watch = (await client.TryWatchAsync(ConfigMap.Resource, options, list.ResourceVersion, Wait.Stop)).Get();

        Assert.Equal(WatchEventType.Added, (await watch.ReadAsync(Wait.Stop)).Type);
        var modified = await watch.ReadAsync(Wait.Stop);
        Assert.Equal((WatchEventType.Modified, "2"), (modified.Type, modified.Object!.Data["k"]));
        Assert.Equal(WatchEventType.Deleted, (await watch.ReadAsync(Wait.Stop)).Type);

        await using var resumed = (await client.TryWatchAsync(ConfigMap.Resource, options, modified.ResourceVersion!, Wait.Stop)).Get();
        Assert.Equal(WatchEventType.Deleted, (await resumed.ReadAsync(Wait.Stop)).Type);
    }

    [Fact]
    public async Task A_watch_from_before_a_compaction_is_expired()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        var old = await client.ListAsync(ConfigMap.Resource, new ListOptions { Namespace = space }, Wait.Stop);
        await CreateMapAsync(client, space, "a");
        await CreateMapAsync(client, space, "b");
        await server.CompactAsync();

        var watch = await client.TryWatchAsync(ConfigMap.Resource, new ListOptions { Namespace = space }, old.ResourceVersion, Wait.Stop);
        ApiError? error = watch.Error;
        if (watch.IsSuccess)
        {
            await using var open = watch.Value;
            error = (await open.ReadAsync(Wait.Stop)).Error;
        }

        Assert.Equal(ApiErrorReason.Expired, error!.Reason);
    }

    [Fact]
    public async Task An_informer_cut_off_during_a_compaction_lists_again_and_tells_only_the_differences()
    {
        using var admin = server.Connect();
        using var folder = new Folder();
        await using var network = new Forwarder(server.Port);
        var space = await server.CreateNamespaceAsync(admin);
        using var client = new KubernetesClient(
            Credentials.Discover(server.Search(folder, await UserAsync(admin, space), network.Port)),
            new KubernetesClientOptions { Random = new Random(3) });
        await CreateMapAsync(admin, space, "kept");
        await CreateMapAsync(admin, space, "gone");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Wait.Stop);
        var informer = new Informer<ConfigMap>(client, ConfigMap.Resource, new InformerOptions<ConfigMap> { Which = new ListOptions { Namespace = space } });
        var running = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync(Wait.Stop).WaitAsync(TimeSpan.FromSeconds(20), Wait.Stop);
        using var feed = informer.Subscribe();
        Assert.True(feed.TryRead(out _) && feed.TryRead(out _));

        network.Cut();
        await Wait.UntilAsync(() => informer.Failures > 0, "the informer noticed the cut");
        await admin.DeleteAsync(ConfigMap.Resource, new ObjectKey(space, "gone"), DeleteOptions.Default, Wait.Stop);
        await CreateMapAsync(admin, space, "new");
        await server.CompactAsync();
        network.Mend();

        var told = new[] { await feed.ReadAsync(Wait.Stop), await feed.ReadAsync(Wait.Stop) };
        Assert.Equal([(ChangeKind.Added, "new"), (ChangeKind.Deleted, "gone")], told.Select(change => (change.Kind, change.Key.Name)));
        Assert.Equal(2, informer.Relists);
        await CreateMapAsync(admin, space, "newer");
        Assert.Equal("newer", (await feed.ReadAsync(Wait.Stop)).Key.Name);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task An_informer_cut_off_for_a_moment_resumes_without_a_list()
    {
        using var admin = server.Connect();
        using var folder = new Folder();
        await using var network = new Forwarder(server.Port);
        var space = await server.CreateNamespaceAsync(admin);
        using var client = new KubernetesClient(Credentials.Discover(server.Search(folder, await UserAsync(admin, space), network.Port)));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Wait.Stop);
        var informer = new Informer<Pod>(client, Pod.Resource, new InformerOptions<Pod> { Which = new ListOptions { Namespace = space } });
        var running = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync(Wait.Stop).WaitAsync(TimeSpan.FromSeconds(20), Wait.Stop);

        for (var round = 0; round < 3; round++)
        {
            network.Cut();
            await CreatePodAsync(admin, space, $"p{round}");
            network.Mend();
            await Wait.UntilAsync(() => informer.Count == round + 1, "the pod made during the cut is known");
        }

        Assert.Equal(1, informer.Relists);
        Assert.True(informer.WatchRestarts >= 3);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_pod_is_read_with_the_fields_we_use()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        await CreatePodAsync(client, space, "web");

        var pod = await client.GetAsync(Pod.Resource, new ObjectKey(space, "web"), Wait.Stop);

        Assert.Equal(("a", "Pending", true), (pod.Spec.NodeName, pod.Status.Phase, pod.Spec.HostNetwork));
        Assert.Equal(("http", 8080, "TCP"), (pod.Spec.Containers[0].Ports[0].Name!, pod.Spec.Containers[0].Ports[0].Number, pod.Spec.Containers[0].Ports[0].Protocol));
        Assert.Equal("web", pod.Metadata.Labels["app"]);
        Assert.NotNull(pod.Metadata.CreationTimestamp);
    }

    [Fact]
    public async Task Discovery_chooses_the_newest_form_that_the_server_has()
    {
        using var client = server.Connect();
        var minor = (await client.GetServerVersionAsync(Wait.Stop)).Numbers.Minor;

        var slices = await client.Discovery.ChooseAsync([EndpointSlice.Resource, EndpointSlice.ResourceV1Beta1], Wait.Stop);
        var budgets = await client.Discovery.FindAsync("policy", "PodDisruptionBudget", Wait.Stop);

        Assert.Equal(minor >= 21 ? "v1" : "v1beta1", slices!.Version);
        Assert.Equal((minor >= 21 ? "v1" : "v1beta1", "poddisruptionbudgets", true), (budgets!.Version, budgets.Plural, budgets.Namespaced));
        Assert.Equal("v1", (await client.Discovery.FindAsync("apps", "DaemonSet", Wait.Stop))!.Version);
        Assert.False((await client.Discovery.FindAsync("", "Node", Wait.Stop))!.Namespaced);
        Assert.Null(await client.Discovery.FindAsync("example.com", "Nothing", Wait.Stop));
        Assert.Equal("v1", (await client.Discovery.VersionsAsync("rbac.authorization.k8s.io", Wait.Stop))[0]);
    }

    [Fact]
    public async Task Endpoint_slices_of_either_form_name_node_and_zone()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        var type = (await client.Discovery.ChooseAsync([EndpointSlice.Resource, EndpointSlice.ResourceV1Beta1], Wait.Stop))!;
        var place = type.Version == "v1"
            ? """ "nodeName":"a","zone":"z" """
            : """ "topology":{"kubernetes.io/hostname":"a","topology.kubernetes.io/zone":"z"} """;
        await client.ApplyAsync(
            KubernetesObject.Parse(System.Text.Encoding.UTF8.GetBytes(
                $$$"""
                {"apiVersion":"{{{type.ApiVersion}}}","kind":"EndpointSlice","metadata":{"name":"s","namespace":"{{{space}}}","labels":{"kubernetes.io/service-name":"web"}},
                "addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true},{{{place}}}}],"ports":[{"name":"http","port":80}]}
                """)),
            ApplyOptions.Default,
            Wait.Stop);

        var slice = (await client.ListAsync(type, new ListOptions { Namespace = space }, Wait.Stop)).Items.Single();

        Assert.Equal(("web", "a", "z", true), (slice.ServiceName, slice.Endpoints[0].FindNode(), slice.Endpoints[0].FindZone(), slice.Endpoints[0].Conditions!.Ready));
        Assert.Equal(80, slice.Ports[0].Port);
    }

    // A service account with all rights in its namespace, so that the cut network carries a token and no admin key.
    private static async Task<string> UserAsync(KubernetesClient admin, string space)
    {
        await admin.CreateAsync(ServiceAccount.Resource, new ServiceAccount { Metadata = new ObjectMeta { Name = "tester", Namespace = space } }, Wait.Stop);
        await Rights.GrantAsync(admin, space, "tester");
        return "token: " + (await admin.TryRequestTokenAsync(new ObjectKey(space, "tester"), [], TimeSpan.FromHours(1), Wait.Stop)).Get();
    }

    private static Task<ConfigMap> CreateMapAsync(KubernetesClient client, string space, string name, params (string Key, string Value)[] labels) =>
        client.CreateAsync(
            ConfigMap.Resource,
            new ConfigMap
            {
                Metadata = new ObjectMeta
                {
                    Name = name,
                    Namespace = space,
                    Labels = StringMap.From(labels.Select(label => KeyValuePair.Create(label.Key, label.Value))),
                },
                Data = new Dictionary<string, string> { ["k"] = "1" },
            },
            Wait.Stop);

    private static Task<Pod> CreatePodAsync(KubernetesClient client, string space, string name) => client.CreateAsync(
        Pod.Resource,
        new Pod
        {
            Metadata = new ObjectMeta { Name = name, Namespace = space, Labels = StringMap.From([KeyValuePair.Create("app", name)]) },
            Spec = new PodSpec
            {
                NodeName = "a",
                HostNetwork = true,
                Containers = [new Container { Name = "c", Image = "none", Ports = [new ContainerPort { Name = "http", Number = 8080 }] }],
            },
        },
        Wait.Stop);
}
