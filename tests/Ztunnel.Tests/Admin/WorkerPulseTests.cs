using Mesh.Daemon;
using Mesh.Linux.Loops;
using Mesh.Ztunnel.Admin;

namespace Mesh.Ztunnel.Tests.Admin;

public sealed class WorkerPulseTests : IAsyncDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);
    private readonly ManualResetEventSlim _wedge = new();
    private readonly EventLoop[] _loops = [Start("ztunnel-0"), Start("ztunnel-1")];
    private readonly Readiness _readiness = new();

    public async ValueTask DisposeAsync()
    {
        _wedge.Set();
        foreach (var loop in _loops) await loop.DisposeAsync();
        _wedge.Dispose();
    }

    private static EventLoop Start(string name) => EventLoop.Start(new EventLoopOptions { Name = name, ScratchBytes = 4096, OnFault = static (_, _) => { } });

    private async Task<(int Status, string Text)> AskAsync(WorkerPulse pulse)
    {
        var answer = await ReadinessPage.AnswerAsync(_readiness, pulse);
        return (answer.Status, System.Text.Encoding.UTF8.GetString(answer.Body.Span));
    }

    [Fact]
    public async Task Ready_is_who_has_nothing_pending_and_whose_workers_answer()
    {
        var pulse = new WorkerPulse(_loops, Long, TimeProvider.System);
        var task = _readiness.Add("state manager");
        Assert.Equal((500, "not ready, pending: state manager\n"), await AskAsync(pulse));
        task.Done();
        for (var i = 0; i < 3; i++) Assert.Equal((200, "ready\n"), await AskAsync(pulse));
    }

    [Fact]
    public async Task A_wedged_worker_is_named_asked_only_once_and_forgiven_when_it_answers()
    {
        _loops[0].Post(_ => Assert.True(_wedge.Wait(TimeSpan.FromMinutes(1), CancellationToken.None)), null);
        var pulse = new WorkerPulse(_loops, Short, TimeProvider.System);
        for (var i = 0; i < 10; i++) Assert.Equal((503, "not ready, worker ztunnel-0 does not answer\n"), await AskAsync(pulse));
        Assert.InRange(_loops[0].Backlog, 0, 2);

        _wedge.Set();
        await _loops[0].InvokeAsync(static () => Task.CompletedTask);
        Assert.Equal((200, "ready\n"), await AskAsync(new WorkerPulse(_loops, Long, TimeProvider.System)));
    }

    [Fact]
    public async Task A_worker_whose_thread_has_ended_does_not_answer()
    {
        await _loops[0].DisposeAsync();
        Assert.Equal((503, "not ready, worker ztunnel-0 does not answer\n"), await AskAsync(new WorkerPulse(_loops, Long, TimeProvider.System)));
    }
}
