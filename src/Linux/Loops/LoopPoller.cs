using System.Runtime.InteropServices;
using Mesh.Linux.Interop;

namespace Mesh.Linux.Loops;

/// <summary>The epoll instance of a loop, its wake-up descriptor and the table of sources. Loop thread only, except <see cref="Wake"/>.</summary>
internal sealed unsafe class LoopPoller : IDisposable
{
    private const int EventsMax = 512;
    private const ulong WakeTag = ulong.MaxValue;
    private const uint ReadInterest = Libc.EPOLLIN | Libc.EPOLLRDHUP | Libc.EPOLLET;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int TagOffset = Stride - 8;

    private readonly byte[] _events = GC.AllocateArray<byte>(EventsMax * 16, pinned: true);
    private readonly int _epoll;
    private readonly int _wake;
    private readonly byte* _eventsAt;
    private readonly Stack<int> _free = new();
    private readonly Lock _wakeGate = new();
    private Entry[] _entries = new Entry[256];
    private int _used;
    private bool _disposed;

    public LoopPoller()
    {
        _eventsAt = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_events, 0);
        _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        if (_epoll < 0) throw new LinuxException("epoll_create1", Libc.LastError);
        _wake = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        if (_wake < 0) throw new LinuxException("eventfd", Libc.LastError);
        Control(Libc.EPOLL_CTL_ADD, _wake, Libc.EPOLLIN | Libc.EPOLLET, WakeTag);
    }

    public LoopRegistration Add(int descriptor, ILoopSource source, bool hearsWritable)
    {
        if (!_free.TryPop(out var slot))
        {
            if (_used == _entries.Length) Array.Resize(ref _entries, _used * 2);
            slot = _used++;
        }

        ref var entry = ref _entries[slot];
        entry.Source = source;
        var registration = new LoopRegistration(slot, entry.Generation);
        try
        {
            Control(Libc.EPOLL_CTL_ADD, descriptor, hearsWritable ? ReadInterest | Libc.EPOLLOUT : ReadInterest, TagOf(registration));
        }
        catch (LinuxException)
        {
            Remove(registration, -1); // Nobody else knows of this place.
            throw;
        }

        return registration;
    }

    /// <summary>From here on also the edges of writing; a descriptor that is writable already has one now, so none is missed.</summary>
    public void HearWritable(LoopRegistration registration, int descriptor) =>
        Control(Libc.EPOLL_CTL_MOD, descriptor, ReadInterest | Libc.EPOLLOUT, TagOf(registration));

    /// <summary>Forgets a source; the descriptor is taken out of epoll if given, else its closing does that.</summary>
    public void Remove(LoopRegistration registration, int descriptor)
    {
        ref var entry = ref _entries[registration.Slot];
        if (entry.Generation != registration.Generation || entry.Source is null) return;
        entry.Source = null;
        entry.Generation++;
        _free.Push(registration.Slot);
        byte unused = 0;
        if (descriptor >= 0) _ = Libc.epoll_ctl(_epoll, Libc.EPOLL_CTL_DEL, descriptor, &unused);
    }

    public int Wait(int timeoutMilliseconds)
    {
        var count = Libc.epoll_wait(_epoll, _eventsAt, EventsMax, timeoutMilliseconds);
        if (count >= 0) return count;
        return Libc.LastError == Errno.Interrupted ? 0 : throw new LinuxException("epoll_wait", Libc.LastError);
    }

    public ILoopSource? SourceOf(int index, out ReadyEvents ready)
    {
        var at = _eventsAt + (index * Stride);
        ready = (ReadyEvents)(*(uint*)at);
        var tag = *(ulong*)(at + TagOffset);
        if (tag == WakeTag) return null;
        ref var entry = ref _entries[(int)(uint)tag];
        return entry.Generation == (int)(tag >> 32) ? entry.Source : null;
    }

    /// <summary>Any thread. Edge-triggered, so nobody ever reads the counter back.</summary>
    public void Wake()
    {
        lock (_wakeGate)
        {
            if (_disposed) return;
            ulong one = 1;
            _ = Libc.write(_wake, (byte*)&one, sizeof(ulong));
        }
    }

    /// <summary>Disposes what is still registered, at the end of the loop.</summary>
    public void CloseAll(EventLoop loop)
    {
        for (var i = 0; i < _used; i++)
        {
            if (_entries[i].Source is not IDisposable source) continue;
            try
            {
                source.Dispose();
            }
            catch (Exception e)
            {
                loop.ReportFault($"{source.GetType().Name} while closing", e);
            }
        }
    }

    public void Dispose()
    {
        lock (_wakeGate)
        {
            if (_disposed) return;
            _disposed = true;
            _ = Libc.close(_wake);
            _ = Libc.close(_epoll);
        }
    }

    private static ulong TagOf(LoopRegistration registration) => ((ulong)(uint)registration.Generation << 32) | (uint)registration.Slot;

    private void Control(int operation, int descriptor, uint interest, ulong tag)
    {
        var item = stackalloc byte[16];
        *(uint*)item = interest;
        *(ulong*)(item + TagOffset) = tag;
        if (Libc.epoll_ctl(_epoll, operation, descriptor, item) != 0) throw new LinuxException("epoll_ctl", Libc.LastError);
    }

    private struct Entry
    {
        public ILoopSource? Source;
        public int Generation;
    }
}
