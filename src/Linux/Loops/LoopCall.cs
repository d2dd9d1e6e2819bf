namespace Mesh.Linux.Loops;

/// <summary>Asynchronous work on its way to a loop, with the task its caller awaits.</summary>
internal sealed class LoopCall<T>(Func<Task<T>> work) : ILoopWork
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _completion.Task;

    public void Run() => _ = RunAsync(); // Its outcome, whatever it is, goes to the caller's task.

    private async Task RunAsync()
    {
        try
        {
            _completion.SetResult(await work());
        }
        catch (OperationCanceledException e)
        {
            _completion.SetCanceled(e.CancellationToken);
        }
        catch (Exception e)
        {
            _completion.SetException(e);
        }
    }
}
