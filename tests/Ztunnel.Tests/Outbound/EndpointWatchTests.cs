using Mesh.Linux.Loops;
using Mesh.Model;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Outbound;

namespace Mesh.Ztunnel.Tests.Outbound;

public sealed class EndpointWatchTests
{
    private static MeshWorkload Workload(string name)
    {
        var builder = new MeshSnapshotBuilder();
        builder.Set(new Workload { Uid = $"c//Pod/shop/{name}", Name = name, Namespace = "shop" });
        return builder.Freeze().FindWorkload($"c//Pod/shop/{name}")!;
    }

    private static async Task OnLoop(Func<EndpointWatch, EndpointLoads, EventLoop, Task> work)
    {
        await using var loop = EventLoop.Start(new EventLoopOptions { Name = "watch", OnFault = static (_, fault) => Assert.Fail(fault.ToString()) });
        await loop.InvokeAsync(() =>
        {
            var loads = new EndpointLoads();
            return work(new EndpointWatch(loads, loop), loads, loop);
        });
    }

    [Fact]
    public Task Loads_count_up_and_down_and_forget_what_is_idle() => OnLoop((watch, loads, _) =>
    {
        var (one, other) = (Workload("a"), Workload("b"));
        loads.Add(one);
        loads.Add(one);
        loads.Add(Workload("a")); // As a later snapshot has it.
        loads.Add(other);
        Assert.Equal((3, 1), (watch.LoadOf(one), watch.LoadOf(other)));
        for (var i = 0; i < 3; i++) loads.Remove(one);
        loads.Remove(other);
        Assert.Equal((0, 0, 0), (watch.LoadOf(one), watch.LoadOf(other), loads.Busy));
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_failure_ejects_for_a_while_and_a_success_ends_it() => OnLoop(async (watch, _, _) =>
    {
        var endpoint = Workload("a");
        Assert.False(watch.IsEjected(endpoint));
        Assert.True(watch.Failed(endpoint));
        Assert.True(watch.IsEjected(endpoint));
        Assert.False(watch.IsEjected(Workload("b")));
        Assert.False(watch.Failed(endpoint)); // Others that were under way do not lengthen it.
        await Task.Delay(EndpointWatch.FirstRest + TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
        Assert.False(watch.IsEjected(endpoint));
        Assert.True(watch.Failed(endpoint)); // The second in a row: twice as long.
        await Task.Delay(EndpointWatch.FirstRest + TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
        Assert.True(watch.IsEjected(endpoint));
        watch.Succeeded(endpoint);
        Assert.False(watch.IsEjected(endpoint));
        Assert.Equal(0, watch.Remembered);
    });

    [Fact]
    public Task The_table_of_failures_is_bounded() => OnLoop((watch, _, _) =>
    {
        for (var i = 0; i < EndpointWatch.EjectedMax + 10; i++) watch.Failed(Workload($"w{i}"));
        Assert.InRange(watch.Remembered, 1, EndpointWatch.EjectedMax);
        return Task.CompletedTask;
    });
}
