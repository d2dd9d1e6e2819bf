using System.Net;
using Mesh.Model;
using Mesh.Xds.Grpc;
using Mesh.Xds.Protos;
using Mesh.Xds.Server;
using Resource = Mesh.Xds.Server.Resource;
using Service = Mesh.Model.Service;
using NamespacedHostname = Mesh.Model.NamespacedHostname;
using Workload = Mesh.Model.Workload;

namespace Mesh.Xds.Tests.Server;

public sealed class DeltaServerTests
{
    private readonly List<DeltaServerEvent> _events = [];
    private readonly DeltaServer _server;

    public DeltaServerTests() => _server = NewServer(new DeltaServerOptions());

    [Fact]
    public async Task The_first_request_of_a_type_is_answered_even_when_there_is_nothing()
    {
        await using var client = new Conversation(_server);

        await client.SubscribeAllAsync(TypeUrls.Authorization);

        var answer = await client.ReceiveAsync();
        Assert.Equal(TypeUrls.Authorization, answer.TypeUrl);
        Assert.Empty(answer.Resources);
        Assert.NotEmpty(answer.Nonce);
        Assert.Contains('/', answer.SystemVersionInfo);
    }

    [Fact]
    public async Task A_wildcard_client_gets_everything_and_then_only_what_changes()
    {
        Publish(Of("a"), Of("b"), Resource.From(Samples.Service));
        await using var client = new Conversation(_server);
        await client.SubscribeAllAsync(TypeUrls.Address);
        var first = await client.ReceiveAsync();
        Assert.Equal(["a", "b", Samples.Service.Key.ToString()], first.Resources.Select(r => r.Name).Order());
        Assert.All(first.Resources, r => Assert.Equal(16, r.Version.Length));
        Assert.Equal("ztunnel-a", Protos.Address.Parser.ParseFrom(first.Resources.Single(r => r.Name == "a").Resource_.Value).Workload.ServiceAccount);
        await client.AckAsync(first);

        Publish(Of("b", node: "elsewhere"), Of("c"));
        var second = await client.ReceiveAsync();
        Assert.Equal(["b", "c"], second.Resources.Select(r => r.Name).Order());
        Assert.Empty(second.RemovedResources);
        await client.AckAsync(second);

        Remove("a");
        var third = await client.ReceiveAsync();
        Assert.Empty(third.Resources);
        Assert.Equal(["a"], third.RemovedResources);
    }

    [Fact]
    public async Task A_publication_without_a_difference_is_not_pushed()
    {
        Publish(Of("a"));
        await using var client = new Conversation(_server);
        await client.SubscribeAllAsync(TypeUrls.Address);
        await client.AckAsync(await client.ReceiveAsync());

        Publish(Of("a"));

        await client.ExpectNothingAsync();
    }

    [Fact]
    public async Task A_returning_client_is_sent_only_what_differs_and_what_is_gone()
    {
        Publish(Of("same"), Of("changed"), Of("new"));
        var version = _server.Snapshot.Versions.Single(v => v.Key == "same").Value;
        await using var client = new Conversation(_server);

        await client.SubscribeAllAsync(TypeUrls.Address, ("same", version), ("changed", "0000000000000000"), ("gone", "1"));

        var answer = await client.ReceiveAsync();
        Assert.Equal(["changed", "new"], answer.Resources.Select(r => r.Name).Order());
        Assert.Equal(["gone"], answer.RemovedResources);
    }

    [Fact]
    public async Task Policies_are_sent_in_full_on_every_connection()
    {
        Publish(Resource.From(Samples.Policy));
        await using var client = new Conversation(_server);

        await client.SubscribeAllAsync(TypeUrls.Authorization, (Samples.Policy.Key, ""), ("gone/policy", ""));

        var answer = await client.ReceiveAsync();
        Assert.Equal("", Assert.Single(answer.Resources).Version);
        Assert.Equal(["gone/policy"], answer.RemovedResources);
    }

    [Fact]
    public async Task An_acknowledgement_gets_no_answer()
    {
        await using var client = new Conversation(_server);
        await client.SubscribeAllAsync(TypeUrls.Address);
        await client.AckAsync(await client.ReceiveAsync());

        await client.ExpectNothingAsync();
        Assert.Equal(_server.Streams.Single().Types[0].Sent, await AckedAsync());
    }

    [Fact]
    public async Task A_rejection_is_remembered_and_neither_answered_nor_resent()
    {
        Publish(Of("a"));
        await using var client = new Conversation(_server);
        await client.SubscribeAllAsync(TypeUrls.Address);
        var first = await client.ReceiveAsync();

        await client.AckAsync(first, error: "a: malformed");

        await client.ExpectNothingAsync();
        Assert.Contains(_events, e => e is DeltaServerEvent.Rejected { Reason: "a: malformed" });
        Assert.Equal("a: malformed", _server.Streams.Single().Types[0].LastError);
        Publish(Of("b"));
        Assert.Equal("b", Assert.Single((await client.ReceiveAsync()).Resources).Name);
    }

    [Fact]
    public async Task An_old_nonce_is_ignored()
    {
        await using var client = new Conversation(_server);
        await client.SubscribeAllAsync(TypeUrls.Address);
        await client.ReceiveAsync();

        await client.SendAsync(new DeltaDiscoveryRequest { TypeUrl = TypeUrls.Address, ResponseNonce = "old", ResourceNamesSubscribe = { "x" } });

        await client.ExpectNothingAsync();
        Assert.Contains(_events, e => e is DeltaServerEvent.ExpiredNonce);
    }

    [Fact]
    public async Task Only_one_push_of_a_type_is_in_flight_and_later_changes_merge()
    {
        Publish(Of("a"));
        await using var client = new Conversation(_server);
        await client.SubscribeAllAsync(TypeUrls.Address);
        var first = await client.ReceiveAsync();

        Publish(Of("b"));
        Publish(Of("c"));
        Publish(Of("b", node: "again"));
        Remove("a");
        await client.ExpectNothingAsync();
        await client.AckAsync(first);

        var second = await client.ReceiveAsync();
        Assert.Equal(["b", "c"], second.Resources.Select(r => r.Name).Order());
        Assert.Equal(["a"], second.RemovedResources);
    }

    [Fact]
    public async Task A_new_policy_arrives_before_the_workload_that_names_it()
    {
        await using var client = new Conversation(_server);
        await client.SubscribeAllAsync(TypeUrls.Address);
        await client.AckAsync(await client.ReceiveAsync());
        await client.SubscribeAllAsync(TypeUrls.Authorization);
        await client.AckAsync(await client.ReceiveAsync());
        await client.ExpectNothingAsync();

        Publish(Of("a"), Resource.From(Samples.Policy));

        Assert.Equal(TypeUrls.Authorization, (await client.ReceiveAsync()).TypeUrl);
        Assert.Equal(TypeUrls.Address, (await client.ReceiveAsync()).TypeUrl);
    }

    [Fact]
    public async Task On_demand_a_client_gets_what_it_asks_for_and_its_own_node()
    {
        Publish(Of("far"), Of("near", node: "node-a"), Of("other"));
        await using var client = new Conversation(_server);
        await client.SendAsync(new DeltaDiscoveryRequest
        {
            Node = Conversation.Node(),
            TypeUrl = TypeUrls.Address,
            ResourceNamesSubscribe = { "*" },
            ResourceNamesUnsubscribe = { "*" },
        });
        Assert.Equal(["near"], (await client.ReceiveAsync()).Resources.Select(r => r.Name));

        await client.SendAsync(new DeltaDiscoveryRequest { TypeUrl = TypeUrls.Address, ResourceNamesSubscribe = { "far", "nobody" } });

        var answer = await client.ReceiveAsync();
        Assert.Equal(["far"], answer.Resources.Select(r => r.Name));
        Assert.Equal(["nobody"], answer.RemovedResources);
        Assert.Contains("/10.0.0.1", answer.Resources[0].Aliases);
    }

    [Fact]
    public async Task On_demand_a_service_brings_its_workloads_and_their_later_changes()
    {
        Publish(Resource.From(Samples.Service), Of("backend", service: Samples.Service.Key), Of("stranger"));
        await using var client = await OnDemandAsync("net1/10.96.0.9");
        var answer = await client.ReceiveAsync();
        Assert.Equal(["backend", Samples.Service.Key.ToString()], answer.Resources.Select(r => r.Name).Order());
        await client.AckAsync(answer);

        Publish(Of("backend-2", service: Samples.Service.Key), Of("stranger", node: "moved"));

        Assert.Equal(["backend-2"], (await client.ReceiveAsync()).Resources.Select(r => r.Name));
    }

    [Fact]
    public async Task An_address_that_nobody_had_is_pushed_when_somebody_takes_it()
    {
        await using var client = await OnDemandAsync("/10.0.0.1");
        var answer = await client.ReceiveAsync();
        Assert.Equal(["/10.0.0.1"], answer.RemovedResources);
        await client.AckAsync(answer);

        Publish(Of("late"));

        Assert.Equal(["late"], (await client.ReceiveAsync()).Resources.Select(r => r.Name));
    }

    [Fact]
    public async Task Asking_again_for_the_same_name_gets_no_answer()
    {
        Publish(Of("a"));
        await using var client = await OnDemandAsync("a");
        await client.AckAsync(await client.ReceiveAsync());

        await client.SendAsync(new DeltaDiscoveryRequest { TypeUrl = TypeUrls.Address, ResourceNamesSubscribe = { "a" } });

        await client.ExpectNothingAsync();
    }

    [Fact]
    public async Task The_older_workload_type_has_workloads_without_an_envelope()
    {
        Publish(Of("a"), Resource.From(Samples.Service));
        await using var client = new Conversation(_server);

        await client.SubscribeAllAsync(TypeUrls.Workload);

        var resource = Assert.Single((await client.ReceiveAsync()).Resources);
        Assert.Equal(TypeUrls.Workload, resource.Resource_.TypeUrl);
        Assert.Equal("a", Protos.Workload.Parser.ParseFrom(resource.Resource_.Value).Uid);
    }

    [Theory]
    [InlineData(null, GrpcCode.InvalidArgument)]
    [InlineData("ztunnel~10.0.0.1~x", GrpcCode.InvalidArgument)]
    [InlineData("toaster~10.0.0.1~zt.istio-system~x", GrpcCode.InvalidArgument)]
    [InlineData("ztunnel~not-an-ip~zt.istio-system~x", GrpcCode.InvalidArgument)]
    public async Task A_client_that_does_not_say_properly_who_it_is_is_refused(string? id, GrpcCode code)
    {
        await using var client = new Conversation(_server);

        await client.SendAsync(new DeltaDiscoveryRequest { Node = id is null ? null : Conversation.Node(id), TypeUrl = TypeUrls.Address });

        Assert.Equal(code, (await client.EndAsync()).Code);
    }

    [Fact]
    public async Task A_client_that_says_it_is_somebody_else_is_refused()
    {
        await using var client = new Conversation(_server, new DeltaPeer("shop", "cart"));

        await client.SubscribeAllAsync(TypeUrls.Address);

        Assert.Equal(GrpcCode.PermissionDenied, (await client.EndAsync()).Code);
    }

    [Fact]
    public async Task Garbage_ends_the_stream_and_nothing_else()
    {
        await using var other = new Conversation(_server);
        await using var noise = new Conversation(_server);
        await using var compressed = new Conversation(_server);
        await using var huge = new Conversation(_server);
        await using var cut = new Conversation(_server);

        await noise.SendBytesAsync([0, 0, 0, 0, 4, 0xFF, 0xFF, 0xFF, 0xFF]);
        await compressed.SendBytesAsync([1, 0, 0, 0, 1, 0]);
        await huge.SendBytesAsync([0, 0xFF, 0xFF, 0xFF, 0xFF]);
        await cut.SendBytesAsync([0, 0, 0, 0, 9, 1]);
        cut.HangUp();

        Assert.Equal(GrpcCode.InvalidArgument, (await noise.EndAsync()).Code);
        Assert.Equal(GrpcCode.InvalidArgument, (await compressed.EndAsync()).Code);
        Assert.Equal(GrpcCode.ResourceExhausted, (await huge.EndAsync()).Code);
        Assert.Equal(GrpcCode.InvalidArgument, (await cut.EndAsync()).Code);
        await other.SubscribeAllAsync(TypeUrls.Address);
        Assert.Equal(TypeUrls.Address, (await other.ReceiveAsync()).TypeUrl);
    }

    [Fact]
    public async Task A_stream_may_ask_for_so_many_types_and_no_more()
    {
        await using var client = new Conversation(NewServer(new DeltaServerOptions { TypesPerStreamMax = 2 }));

        for (var i = 0; i < 3; i++) await client.SubscribeAllAsync($"type/{i}");

        Assert.Equal(GrpcCode.ResourceExhausted, (await client.EndAsync()).Code);
    }

    [Fact]
    public async Task A_client_that_reads_too_slowly_is_told_to_come_back()
    {
        var server = NewServer(new DeltaServerOptions { PendingNamesMax = 3 });
        await using var client = new Conversation(server);
        await client.SubscribeAllAsync(TypeUrls.Address);
        await client.ReceiveAsync();

        var (next, changes) = server.Snapshot.Apply([.. Enumerable.Range(0, 10).Select(i => Of($"w{i}"))], [], []);
        server.Publish(next, changes);

        Assert.Equal(GrpcCode.ResourceExhausted, (await client.EndAsync()).Code);
    }

    [Fact]
    public async Task Each_name_that_is_asked_for_is_answered_also_when_its_resource_went_out_under_another_name()
    {
        Publish(Of("a"));
        await using var client = await OnDemandAsync("a");
        await client.AckAsync(await client.ReceiveAsync());

        await client.SendAsync(new DeltaDiscoveryRequest { TypeUrl = TypeUrls.Address, ResourceNamesSubscribe = { "/10.0.0.1", "/10.0.0.99" } });

        var answer = await client.ReceiveAsync();
        Assert.Equal(["a"], answer.Resources.Select(r => r.Name));
        Assert.Equal(["/10.0.0.99"], answer.RemovedResources);
    }

    [Fact]
    public async Task A_drained_server_ends_its_streams_without_an_error()
    {
        await using var client = new Conversation(_server);
        await client.SubscribeAllAsync(TypeUrls.Address);
        await client.ReceiveAsync();

        _server.Drain(TimeSpan.Zero);

        Assert.Equal(GrpcCode.Ok, (await client.EndAsync()).Code);
    }

    private DeltaServer NewServer(DeltaServerOptions options) => new(
        options,
        happened =>
        {
            lock (_events) _events.Add(happened);
        },
        TimeProvider.System,
        new Random(1));

    private async Task<Conversation> OnDemandAsync(string name)
    {
        var client = new Conversation(_server);
        await client.SendAsync(new DeltaDiscoveryRequest
        {
            Node = Conversation.Node(nodeName: ""),
            TypeUrl = TypeUrls.Address,
            ResourceNamesSubscribe = { "*", name },
            ResourceNamesUnsubscribe = { "*" },
        });
        return client;
    }

    private async Task<string> AckedAsync()
    {
        for (var i = 0; i < 100 && _server.Streams.Single().Types[0].Acked.Length == 0; i++) await Task.Delay(10);
        return _server.Streams.Single().Types[0].Acked;
    }

    private void Publish(params Resource[] resources)
    {
        var (next, changes) = _server.Snapshot.Apply(resources, [], []);
        _server.Publish(next, changes);
    }

    private void Remove(string name)
    {
        var (next, changes) = _server.Snapshot.Apply([], [name], []);
        _server.Publish(next, changes);
    }

    private static Resource Of(string uid, string node = "node-z", NamespacedHostname? service = null) => Resource.From(new Workload
    {
        Uid = uid,
        Name = uid,
        Namespace = "shop",
        ServiceAccount = "ztunnel-a",
        Node = node,
        Addresses = [IPAddress.Parse("10.0.0.1")],
        Services = service is { } key ? [new WorkloadService(key, [])] : [],
    });
}
