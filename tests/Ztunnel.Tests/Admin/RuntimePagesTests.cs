using System.Globalization;
using System.Text;
using Mesh.Daemon.Admin;
using Mesh.Ztunnel.Admin;

namespace Mesh.Ztunnel.Tests.Admin;

public sealed class RuntimePagesTests
{
    [Theory]
    [InlineData("7 (ztunnel-0) S 1 7 7 0 -1 4194560 5 0 0 0 250 75 0 0 20 0", 7, "ztunnel-0", 2.5, 0.75)]
    [InlineData("12 (a) b) (c) R 1 7 7 0 -1 4194560 5 0 0 0 1 2 0 0", 12, "a) b) (c", 0.01, 0.02)]
    public void A_thread_is_read_whatever_its_name_holds(string stat, int id, string name, double user, double system)
    {
        Assert.True(ThreadTimes.TryParse(stat, out var found, out var time));
        Assert.Equal((id, new ThreadTime(name, user, system)), (found, time));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7 ztunnel S 1")]
    [InlineData("7 (ztunnel) S 1 7 7")]
    [InlineData("x (ztunnel) S 1 7 7 0 -1 4194560 5 0 0 0 250 75")]
    public void A_damaged_line_is_no_thread(string stat) => Assert.False(ThreadTimes.TryParse(stat, out _, out _));

    [Fact]
    public async Task A_busy_thread_shows_its_share_of_a_processor()
    {
        using var stop = new CancellationTokenSource();
        var busy = new Thread(() =>
        {
            while (!stop.IsCancellationRequested) Thread.SpinWait(1000);
        })
        { Name = "busy bee", IsBackground = true };
        busy.Start();
        var page = Text(await RuntimePages.ThreadsAsync(Request(("seconds", "1")), TimeProvider.System, TestContext.Current.CancellationToken));
        await stop.CancelAsync();
        var row = page.Split('\n').Single(line => line.Contains("\tbusy bee\t", StringComparison.Ordinal)).Split('\t');
        Assert.True(double.Parse(row[4], CultureInfo.InvariantCulture) > 1, page); // The machine may be crowded.
    }

    [Theory]
    [InlineData("0")]
    [InlineData("21")]
    [InlineData("soon")]
    public async Task Only_a_bounded_time_is_measured(string seconds) =>
        Assert.Equal(400, (await RuntimePages.ThreadsAsync(Request(("seconds", seconds)), TimeProvider.System, TestContext.Current.CancellationToken)).Status);

    [Fact]
    public void Memory_is_told_by_the_collector_and_the_kernel()
    {
        var lines = Text(RuntimePages.Memory(Request())).Split('\n');
        foreach (var name in new[] { "managed.heap_bytes ", "managed.committed_bytes ", "managed.collections_total.gen2 ", "process.VmRSS ", "process.Threads " })
        {
            Assert.Contains(lines, line => line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length);
        }
    }

    [Fact]
    public void What_is_not_there_says_so_and_what_to_use()
    {
        var (profile, heap) = (RuntimePages.NoProfile(Request()), RuntimePages.NoHeapProfile(Request()));
        Assert.Equal((501, 501), (profile.Status, heap.Status));
        Assert.Contains("perf record -g -p " + Environment.ProcessId.ToString(CultureInfo.InvariantCulture), Text(profile));
        Assert.Contains("/debug/memory", Text(heap));
    }

    private static string Text(AdminResponse response) => Encoding.UTF8.GetString(response.Body.Span);

    private static AdminRequest Request(params (string Name, string Value)[] query) =>
        new("GET", "/debug", query.ToDictionary(pair => pair.Name, pair => pair.Value), new Dictionary<string, string>(), default);
}
