using Google.Protobuf;
using Mesh.Xds.Client;
using Mesh.Xds.Grpc;
using Mesh.Xds.Protos;

namespace Mesh.Xds.Tests.Client;

public sealed class DeltaClientTests
{
    [Fact]
    public async Task What_came_in_a_push_that_broke_off_is_asked_for_again()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var mesh = new TestMesh(TestMesh.Options(server));
        var first = await server.NextCallAsync();
        await first.SendAsync(Push("n1", Workload("kept", "1")));
        await TestMesh.UntilAsync(() => mesh.Workloads.ContainsKey("kept"));
        var whole = GrpcPrefix.Frame(Push("n2", Workload("changed", "1"), Named("bad", "1", TypeUrls.Address, new Address()), Workload("last", "1")));
        await first.SendBytesAsync(whole.AsMemory(0, whole.Length - 4));
        await TestMesh.UntilAsync(() => mesh.Events.OfType<DeltaClientEvent.ResourceRejected>().Any()); // What stands before it was decoded.
        first.Break();

        var second = await server.NextCallAsync();
        var request = await second.ReceiveAsync(TypeUrls.Address);

        Assert.Equal("1", request.InitialResourceVersions["kept"]);
        Assert.DoesNotContain("changed", request.InitialResourceVersions.Keys);
        Assert.DoesNotContain("changed", mesh.Workloads.Keys);
    }

    [Fact]
    public async Task Of_a_push_that_broke_off_the_batches_that_were_applied_are_held()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var mesh = new TestMesh(TestMesh.Options(server) with { BatchResources = 2 });
        var first = await server.NextCallAsync();
        var whole = GrpcPrefix.Frame(Push("n1", Workload("a", "1"), Workload("b", "2"), Workload("c", "3"), Workload("d", "4")));
        await first.SendBytesAsync(whole.AsMemory(0, whole.Length - 60)); // Inside of the last resource: what follows it is shorter.
        await TestMesh.UntilAsync(() => mesh.Workloads.Count == 2);
        first.Break();

        var request = await (await server.NextCallAsync()).ReceiveAsync(TypeUrls.Address);

        Assert.Equal(["a=1", "b=2"], request.InitialResourceVersions.Select(v => $"{v.Key}={v.Value}").Order());
    }

    [Fact]
    public async Task A_push_that_our_side_fails_to_apply_is_told_of_and_asked_for_again()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var mesh = new TestMesh(TestMesh.Options(server));
        var first = await server.NextCallAsync();
        await first.SendAsync(Push("n1", Workload("good", "1")));
        await TestMesh.UntilAsync(() => mesh.Workloads.ContainsKey("good"));
        await first.SendAsync(Push("n2", Workload(TestMesh.Poison, "1")));

        var second = await server.NextCallAsync();
        Assert.Equal(["good"], (await second.ReceiveAsync(TypeUrls.Address)).InitialResourceVersions.Keys);
        Assert.IsType<InvalidDataException>(Assert.Single(mesh.Events.OfType<DeltaClientEvent.Faulted>()).Fault);
        Assert.Equal(StreamEndReason.Error, Assert.Single(mesh.Ends).Reason);
        await second.SendAsync(Push("n1", Workload(TestMesh.Poison, "1")));
        await TestMesh.UntilAsync(() => mesh.Workloads.ContainsKey(TestMesh.Poison));
    }

    [Fact]
    public async Task A_push_with_a_bad_resource_is_rejected_applied_and_makes_the_node_ready()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var mesh = new TestMesh(TestMesh.Options(server));
        var call = await server.NextCallAsync();
        await call.SendAsync(Push("n1", Workload("good", "1"), Named("bad", "1", TypeUrls.Address, new Address())));
        await call.SendAsync(new DeltaDiscoveryResponse { TypeUrl = TypeUrls.Authorization, Nonce = "n2" });

        var answer = await AnswerAsync(call, "n1");

        Assert.Equal("bad: an address is neither a workload nor a service; ", answer.ErrorDetail.Message);
        Assert.Equal(["good"], mesh.Workloads.Keys);
        await mesh.Client.Synced.WaitAsync(ScriptedServer.Patience);
    }

    [Fact]
    public async Task A_policy_that_is_not_understood_is_rejected_kept_closed_and_goes_when_it_is_deleted()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var mesh = new TestMesh(TestMesh.Options(server));
        var policy = new Protos.Security.Authorization { Name = "deny", Namespace = "shop", Action = Protos.Security.Action.Deny };
        policy.Groups.Add(new Protos.Security.Group { Rules = { new Protos.Security.Rules { Matches = { BadMatch } } } });
        var first = await server.NextCallAsync();
        await first.SendAsync(new DeltaDiscoveryResponse
        {
            TypeUrl = TypeUrls.Authorization,
            Nonce = "n1",
            Resources = { Named("shop/deny", "7", TypeUrls.Authorization, policy) },
        });

        Assert.Equal("shop/deny: a string match is empty: kept closed; ", (await AnswerAsync(first, "n1")).ErrorDetail.Message);
        Assert.Empty(Assert.Single(Assert.Single(mesh.Policies["shop/deny"].Rules).Clauses).Matches);
        first.Break();

        // Listed without its version: a server that has it sends it again, one that has it no more says so.
        var second = await server.NextCallAsync();
        Assert.Equal("", (await second.ReceiveAsync(TypeUrls.Authorization)).InitialResourceVersions["shop/deny"]);
        await second.SendAsync(new DeltaDiscoveryResponse { TypeUrl = TypeUrls.Authorization, Nonce = "n1", RemovedResources = { "shop/deny" } });
        await TestMesh.UntilAsync(() => mesh.Policies.IsEmpty);
    }

    [Theory]
    [InlineData(GrpcCode.Ok, "", StreamEndReason.Complete)]
    [InlineData(GrpcCode.Cancelled, "", StreamEndReason.Reconnect)]
    [InlineData(GrpcCode.DeadlineExceeded, "", StreamEndReason.Reconnect)]
    [InlineData(GrpcCode.Unknown, "", StreamEndReason.Reconnect)]
    [InlineData(GrpcCode.Unavailable, "transport is closing", StreamEndReason.Reconnect)]
    [InlineData(GrpcCode.Unavailable, "closing transport due to: received prior goaway", StreamEndReason.Reconnect)]
    [InlineData(GrpcCode.Unavailable, "the server is not ready", StreamEndReason.Error)]
    [InlineData(GrpcCode.ResourceExhausted, "", StreamEndReason.Error)]
    [InlineData(GrpcCode.Internal, "", StreamEndReason.Error)]
    public async Task Only_a_routine_end_is_followed_by_a_stream_at_once(GrpcCode code, string message, StreamEndReason reason)
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var mesh = new TestMesh(TestMesh.Options(server));
        for (var i = 0; i < 3; i++)
        {
            var call = await server.NextCallAsync();
            await call.SendAsync(Push("n", Workload("a", "1")));
            await AnswerAsync(call, "n");
            call.End(code, message);
        }

        await TestMesh.UntilAsync(() => mesh.Ends.Count() == 3);
        Assert.All(mesh.Ends, end => Assert.Equal(reason, end.Reason));
        var longest = mesh.Ends.Max(end => end.RetryAfter);
        if (reason == StreamEndReason.Error) Assert.InRange(longest, TimeSpan.FromMilliseconds(64), TimeSpan.FromMilliseconds(96));
        else Assert.InRange(longest, TimeSpan.Zero, TimeSpan.FromMilliseconds(12));
    }

    [Fact]
    public async Task A_push_that_is_not_grpc_makes_the_next_try_wait_longer_though_others_were_good()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var mesh = new TestMesh(TestMesh.Options(server));
        for (var i = 0; i < 2; i++)
        {
            var call = await server.NextCallAsync();
            await call.SendAsync(Push("n", Workload("a", "1")));
            await call.SendBytesAsync(new byte[] { 1, 0, 0, 0, 1, 0 });
            await TestMesh.UntilAsync(() => mesh.Ends.Count() == i + 1);
        }

        Assert.Equal([StreamEndReason.Error, StreamEndReason.Error], mesh.Ends.Select(end => end.Reason));
        Assert.True(mesh.Ends.Last().RetryAfter >= TimeSpan.FromMilliseconds(32));
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_a_connection_error_and_a_working_stream_that_breaks_is_not()
    {
        var server = await ScriptedServer.StartAsync();
        await using var mesh = new TestMesh(TestMesh.Options(server));
        var call = await server.NextCallAsync();
        await call.SendAsync(Push("n", Workload("a", "1")));
        await TestMesh.UntilAsync(() => mesh.Workloads.ContainsKey("a"));
        call.Break();
        await server.DisposeAsync();

        await TestMesh.UntilAsync(() => mesh.Ends.Any(end => end.Reason == StreamEndReason.ConnectionError));
        Assert.Equal(StreamEndReason.Reconnect, mesh.Ends.First().Reason);
    }

    [Fact]
    public async Task A_call_carries_the_token_the_cluster_and_the_configured_headers()
    {
        await using var server = await ScriptedServer.StartAsync();
        var token = "one";
        await using var mesh = new TestMesh(TestMesh.Options(server) with
        {
            Token = _ => ValueTask.FromResult<string?>(token),
            ClusterId = "east",
            Headers = [new("x-tenant", "blue")],
        });
        var first = await server.NextCallAsync();
        Assert.Equal("Bearer one", first.Headers.Authorization);
        Assert.Equal("east", first.Headers["clusterid"]);
        Assert.Equal("blue", first.Headers["x-tenant"]);
        token = "two";
        first.End(GrpcCode.Ok);

        Assert.Equal("Bearer two", (await server.NextCallAsync()).Headers.Authorization);
    }

    [Fact]
    public async Task A_push_is_counted_with_its_bytes()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var mesh = new TestMesh(TestMesh.Options(server));
        var push = Push("n", Workload("a", "1"));
        await (await server.NextCallAsync()).SendAsync(push);

        await TestMesh.UntilAsync(() => mesh.Events.OfType<DeltaClientEvent.PushApplied>().Any());
        Assert.Equal(push.CalculateSize(), mesh.Events.OfType<DeltaClientEvent.PushApplied>().Single().Bytes);
    }

    private static Protos.Security.Match BadMatch => new() { Namespaces = { new Protos.Security.StringMatch() } };

    private static DeltaDiscoveryResponse Push(string nonce, params Resource[] resources) =>
        new() { TypeUrl = TypeUrls.Address, Nonce = nonce, Resources = { resources } };

    private static Resource Workload(string uid, string version) =>
        Named(uid, version, TypeUrls.Address, new Address { Workload = new Workload { Uid = uid, Name = uid } });

    private static Resource Named(string name, string version, string type, IMessage value) => new()
    {
        Name = name,
        Version = version,
        Resource_ = new Google.Protobuf.WellKnownTypes.Any { TypeUrl = type, Value = value.ToByteString() },
    };

    private static async Task<DeltaDiscoveryRequest> AnswerAsync(ScriptedCall call, string nonce)
    {
        while (true)
        {
            var request = await call.ReceiveAsync();
            if (request.ResponseNonce == nonce) return request;
        }
    }
}
