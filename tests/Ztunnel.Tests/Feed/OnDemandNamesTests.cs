using System.Net;
using Mesh.Kubernetes.Tests.Support;
using Mesh.Model;
using Mesh.Model.Snapshot;
using Mesh.Xds;
using Mesh.Xds.Client;
using Mesh.Ztunnel.Feed;

namespace Mesh.Ztunnel.Tests.Feed;

public sealed class OnDemandNamesTests
{
    private readonly ManualTime _time = new();
    private readonly List<string> _sent = [];
    private readonly List<string> _released = [];

    private static Workload Pod(int number) => new()
    {
        Uid = $"c//Pod/shop/p{number}",
        Name = $"p{number}",
        Namespace = "shop",
        Addresses = [new IPAddress([10, (byte)(number >> 16), (byte)(number >> 8), (byte)number])],
    };

    private static MeshView View(params Workload[] workloads)
    {
        var builder = new MeshSnapshotBuilder();
        foreach (var workload in workloads) builder.Set(workload);
        return new MeshView(builder.Freeze());
    }

    private OnDemandNames Names(MeshView? view = null, bool attached = true)
    {
        var names = new OnDemandNames(view ?? View(), _time);
        if (attached) names.Attach(_sent.Add, _released.Add);
        return names;
    }

    private static Task Ask(OnDemandNames names, string name)
    {
        Assert.True(names.TryAsk(name, out var answer));
        return answer;
    }

    private static void Push(OnDemandNames names, DeltaBatch batch)
    {
        names.NoteArrivals(batch);
        names.AnswerArrivals();
    }

    [Fact]
    public void A_name_is_asked_for_once_and_all_who_wait_are_answered_together()
    {
        var names = Names();
        var first = Ask(names, "/10.0.0.1");
        var second = Ask(names, "/10.0.0.1");
        Assert.Equal(["/10.0.0.1"], _sent);
        Assert.False(first.IsCompleted || second.IsCompleted);
        Push(names, new DeltaBatch { TypeUrl = TypeUrls.Address, Removed = ["/10.0.0.1"] });
        Assert.True(first.IsCompleted && second.IsCompleted);
        Assert.True(Ask(names, "/10.0.0.1").IsCompleted); // Nobody has it, and that is known.
        Assert.Single(_sent);
    }

    [Theory]
    [InlineData("c//Pod/shop/p1")]
    [InlineData("/10.0.0.1")]
    public void A_workload_answers_to_its_uid_and_its_address(string name)
    {
        var names = Names();
        var answer = Ask(names, name);
        var other = Ask(names, "/10.0.0.2");
        Push(names, new DeltaBatch { TypeUrl = TypeUrls.Address, Workloads = [Pod(1)] });
        Assert.True(answer.IsCompleted);
        Assert.False(other.IsCompleted);
    }

    [Theory]
    [InlineData("shop/api.shop.svc")]
    [InlineData("west/10.96.0.1")]
    public void A_service_answers_to_its_name_and_its_addresses(string name)
    {
        var names = Names();
        var answer = Ask(names, name);
        var service = new Service
        {
            Name = "api",
            Namespace = "shop",
            Hostname = "api.shop.svc",
            Addresses = [new VirtualAddress("west", IPAddress.Parse("10.96.0.1"))],
        };
        Push(names, new DeltaBatch { TypeUrl = TypeUrls.Address, Services = [service] });
        Assert.True(answer.IsCompleted);
    }

    [Fact]
    public void Names_that_were_asked_for_before_there_was_a_stream_are_sent_when_there_is_one()
    {
        var names = Names(attached: false);
        var answer = Ask(names, "/10.0.0.1");
        names.Attach(_sent.Add, _released.Add);
        Assert.Equal(["/10.0.0.1"], _sent);
        Assert.False(answer.IsCompleted);
    }

    [Fact]
    public void At_the_bound_names_of_nobody_are_let_go_and_names_of_somebody_stay()
    {
        var names = Names(View(Pod(1)));
        for (var i = 0; i < OnDemandNames.NamesMax; i++) _ = Ask(names, OnDemandNames.NameOf("", Ip.From(Pod(i + 1).Addresses[0])));
        Assert.False(names.TryAsk("/192.168.0.1", out _)); // Everything is still open: nothing can be let go, and the caller is told.
        Push(names, new DeltaBatch { TypeUrl = TypeUrls.Address, Workloads = [Pod(1)], Removed = [.. _sent.Skip(1)] });
        Assert.False(names.TryAsk("/192.168.0.1", out _)); // The table was looked through a moment ago.
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(names.TryAsk("/192.168.0.1", out _));
        Assert.Equal(2, names.Count);
        Assert.DoesNotContain("/10.0.0.1", _released);
        Assert.Equal(OnDemandNames.NamesMax - 1, _released.Count);
    }
}
