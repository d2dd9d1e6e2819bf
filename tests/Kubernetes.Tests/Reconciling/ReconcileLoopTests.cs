using System.Collections.Concurrent;
using System.Threading.Channels;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Reconciling;
using Mesh.Kubernetes.Tests.Support;
using Mesh.Kubernetes.Watching;
using Microsoft.AspNetCore.Http;

namespace Mesh.Kubernetes.Tests.Reconciling;

public sealed class ReconcileLoopTests : IAsyncDisposable
{
    private static readonly ObjectKey A = new("shop", "a");

    private readonly ManualTime _time = new();
    private readonly Channel<string> _watch = Channel.CreateUnbounded<string>();
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Recorder _recorder = new();
    private ScriptedServer? _server;
    private KubernetesClient? _client;
    private ReconcileLoop<Pod>? _loop;
    private Task _running = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _loop?.Dispose();
        _client?.Dispose();
        if (_server is not null) await _server.DisposeAsync();
    }

    [Fact]
    public async Task Every_known_object_is_reconciled_once_and_then_when_it_changes()
    {
        await StartAsync();
        await Wait.UntilAsync(() => _loop!.DoneTotal == 2, "both were reconciled");

        _watch.Writer.TryWrite(Answers.Line("MODIFIED", Answers.Pod("a", 11)));
        await Wait.UntilAsync(() => _recorder.Count(A) == 2, "the change was");
        _watch.Writer.TryWrite(Answers.Line("DELETED", Answers.Pod("a", 12)));

        await Wait.UntilAsync(() => _recorder.Count(A) == 3, "the deletion was");
    }

    [Fact]
    public async Task After_asks_again_at_its_time()
    {
        _recorder.Answer = key => key == A && _recorder.Count(A) == 1 ? ReconcileResult.After(TimeSpan.FromSeconds(5)) : ReconcileResult.Done;
        await StartAsync();
        await Wait.UntilAsync(() => _loop!.AgainTotal == 1, "it asked for more time");

        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal(1, _recorder.Count(A));
        _time.Advance(TimeSpan.FromSeconds(0.1));

        await Wait.UntilAsync(() => _recorder.Count(A) == 2, "it was asked again");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failure_is_retried_with_growing_pauses_and_others_are_not_held_up(bool thrown)
    {
        _recorder.Answer = key => key != A ? ReconcileResult.Done
            : thrown ? throw new InvalidOperationException("a bug")
            : ReconcileResult.Failed("not yet");
        await StartAsync();
        await Wait.UntilAsync(() => _loop!.DoneTotal == 1 && _loop.FailedTotal == 1, "the other one is done");

        await _time.AdvanceUntilAsync(() => _recorder.Count(A) == 8, TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromMilliseconds(100)); // The next pause is 320 ms at least.
        await Task.Delay(30, Wait.Stop);
        Assert.Equal(8, _recorder.Count(A));
    }

    [Fact]
    public async Task Giving_up_waits_for_a_change()
    {
        _recorder.Answer = _ => ReconcileResult.GaveUp("the spec is wrong");
        await StartAsync();
        await Wait.UntilAsync(() => _loop!.GaveUpTotal == 2, "it gave up");

        _time.Advance(TimeSpan.FromMinutes(2));
        await Task.Delay(30, Wait.Stop);
        Assert.Equal(1, _recorder.Count(A));
        _watch.Writer.TryWrite(Answers.Line("MODIFIED", Answers.Pod("a", 11)));

        await _time.AdvanceUntilAsync(() => _recorder.Count(A) == 2, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)); // The edit woke it.
    }

    [Fact]
    public async Task Everything_is_looked_at_again_at_the_resync()
    {
        await StartAsync();
        await Wait.UntilAsync(() => _loop!.DoneTotal == 2, "both were reconciled");

        _time.Advance(TimeSpan.FromMinutes(10));

        await Wait.UntilAsync(() => _loop!.DoneTotal == 4, "both were again");
    }

    [Fact]
    public async Task A_change_elsewhere_wakes_what_the_mapping_names()
    {
        await StartAsync(watchItself: true);
        await Wait.UntilAsync(() => _recorder.Count(new ObjectKey("mapped", "b")) > 0, "the mapped key came");
    }

    [Fact]
    public async Task A_stop_waits_for_the_reconcile_under_way()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var leave = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _recorder.Before = async () =>
        {
            entered.TrySetResult();
            await leave.Task;
        };
        await StartAsync();
        await entered.Task;

        await _stop.CancelAsync();
        await Task.Delay(50, Wait.Stop);
        Assert.False(_running.IsCompleted);
        leave.SetResult();

        await _running.WaitAsync(TimeSpan.FromSeconds(10), Wait.Stop);
    }

    private async Task StartAsync(bool watchItself = false)
    {
        _server = await ScriptedServer.StartAsync(async (request, response) =>
        {
            if (!request.IsWatch)
            {
                await response.JsonAsync(Answers.List(10, Answers.Pod("a", 1), Answers.Pod("b", 2)));
                return;
            }

            await response.StartAsync();
            while (true) await response.WriteAsync(await _watch.Reader.ReadAsync(response.HttpContext.RequestAborted));
        });
        _client = _server.Client(_time);
        var informer = new Informer<Pod>(_client, Pod.Resource);
        _loop = new ReconcileLoop<Pod>(_client, Pod.Resource, informer, _recorder);
        if (watchItself) _loop.Watches(informer, change => [new ObjectKey("mapped", change.Key.Name)]);
        _running = Task.WhenAll(informer.RunAsync(_stop.Token), _loop.RunAsync(_stop.Token));
    }

    private sealed class Recorder : IReconciler
    {
        private readonly ConcurrentDictionary<ObjectKey, int> _calls = new();

        public Func<ObjectKey, ReconcileResult> Answer { get; set; } = _ => ReconcileResult.Done;

        public Func<Task> Before { get; set; } = () => Task.CompletedTask;

        public int Count(ObjectKey key) => _calls.GetValueOrDefault(key);

        public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken stop)
        {
            await Before();
            _calls.AddOrUpdate(key, 1, (_, count) => count + 1);
            return Answer(key);
        }
    }
}
