using System.Threading.Channels;

namespace Mesh.Ztunnel.Revocation;

/// <summary>
/// Says that something happened in a folder, when the kernel tells; a folder that is not there, or is replaced, is watched again when its
/// owner asks for that. Events come on a thread of the framework's.
/// </summary>
internal sealed class FolderWatch(string folder) : IDisposable
{
    private readonly Channel<bool> _events = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private FileSystemWatcher? _watcher;

    public bool IsArmed => _watcher is not null;

    /// <summary>Watches anew; false when the folder cannot be watched now.</summary>
    public bool Arm()
    {
        Disarm();
        try
        {
            var watcher = new FileSystemWatcher(folder)
            {
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.CreationTime,
            };
            watcher.Changed += (_, _) => Note();
            watcher.Created += (_, _) => Note();
            watcher.Deleted += (_, _) => Note();
            watcher.Renamed += (_, _) => Note(); // A mounted volume renames its link to the new version.
            watcher.Error += (_, _) => Note();
            watcher.EnableRaisingEvents = true;
            _watcher = watcher;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false; // No such folder, or no watches left: its owner looks from time to time anyway.
        }
    }

    /// <summary>Waits for an event, at most so long; whether there was one.</summary>
    public async Task<bool> WaitAsync(TimeSpan patience, TimeProvider time, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var late = time.CreateTimer(static source => ((CancellationTokenSource)source!).Cancel(), either, patience, Timeout.InfiniteTimeSpan);
        try
        {
            return await _events.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Forget() => _events.Reader.TryRead(out _);

    public void Dispose() => Disarm();

    private void Disarm()
    {
        _watcher?.Dispose();
        _watcher = null;
    }

    private void Note() => _events.Writer.TryWrite(true);
}
