using Mesh.Linux.Loops;

namespace Mesh.Linux.Tests;

/// <summary>A loop for one test that remembers its faults.</summary>
internal sealed class TestLoop : IAsyncDisposable
{
    public List<Exception> Faults { get; } = [];

    public EventLoop Loop { get; }

    public TestLoop() => Loop = EventLoop.Start(new EventLoopOptions { Name = "test", OnFault = (_, e) => Faults.Add(e) });

    public Task RunAsync(Func<Task> work) => Loop.InvokeAsync(work).WaitAsync(TimeSpan.FromSeconds(20));

    public Task<T> RunAsync<T>(Func<Task<T>> work) => Loop.InvokeAsync(work).WaitAsync(TimeSpan.FromSeconds(20));

    public ValueTask DisposeAsync() => Loop.DisposeAsync();
}
