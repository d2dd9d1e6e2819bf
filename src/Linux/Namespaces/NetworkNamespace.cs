using System.Text;
using Mesh.Linux.Interop;

namespace Mesh.Linux.Namespaces;

/// <summary>
/// One network namespace, held open by a descriptor this object owns. Work inside runs on a thread of its own that ends afterwards,
/// so no other code can ever find itself in the wrong namespace.
/// </summary>
public sealed unsafe class NetworkNamespace : IDisposable
{
    private const string OwnPath = "/proc/self/ns/net";
    private static readonly Lazy<NetworkNamespace> OwnLazy = new(() => Open(OwnPath), LazyThreadSafetyMode.ExecutionAndPublication);
    private readonly SafeFileDescriptor _descriptor;

    private NetworkNamespace(SafeFileDescriptor descriptor, NamespaceIdentity identity) => (_descriptor, Identity) = (descriptor, identity);

    /// <summary>The namespace this process was started in.</summary>
    public static NetworkNamespace Own => OwnLazy.Value;

    public NamespaceIdentity Identity { get; }

    /// <summary>Lent, for sending over a UNIX socket; this object keeps owning it.</summary>
    public SafeFileDescriptor Descriptor => _descriptor;

    public static Errno TryOpen(string path, out NetworkNamespace? opened)
    {
        opened = null;
        ArgumentNullException.ThrowIfNull(path);
        var bytes = Encoding.UTF8.GetBytes(path + '\0');
        int number;
        fixed (byte* pointer = bytes)
        {
            while ((number = Libc.open(pointer, Libc.O_RDONLY | Libc.O_CLOEXEC, 0)) < 0)
            {
                if (Libc.LastError != Errno.Interrupted) return Libc.LastError;
            }
        }

        return TryAdopt(new SafeFileDescriptor(number), out opened);
    }

    public static NetworkNamespace Open(string path) =>
        TryOpen(path, out var opened) is var error && opened is not null ? opened : throw new LinuxException($"open {path}", error);

    /// <summary>Which namespace a path names, without keeping it open.</summary>
    public static Errno TryIdentify(string path, out NamespaceIdentity identity)
    {
        var error = TryOpen(path, out var opened);
        identity = opened?.Identity ?? default;
        opened?.Dispose();
        return error;
    }

    /// <summary>Takes ownership of a descriptor, also when it fails; what is not a namespace is refused.</summary>
    public static Errno TryAdopt(SafeFileDescriptor descriptor, out NetworkNamespace? adopted)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        adopted = null;
        var error = TryIdentify(descriptor.Number, out var identity);
        if (error == Errno.None && !IsNetworkNamespace(descriptor.Number)) error = Errno.InvalidArgument;
        if (error != Errno.None)
        {
            descriptor.Dispose();
            return error;
        }

        adopted = new NetworkNamespace(descriptor, identity);
        return Errno.None;
    }

    /// <summary>A fresh, empty namespace; needs CAP_SYS_ADMIN.</summary>
    public static NetworkNamespace CreateNew() => OnNewThread(
        () =>
        {
            if (Libc.unshare(Libc.CLONE_NEWNET) != 0) throw new LinuxException("unshare(CLONE_NEWNET)", Libc.LastError);
            return Open("/proc/thread-self/ns/net");
        });

    /// <summary>A second object for the same namespace, with an owner of its own.</summary>
    public NetworkNamespace Duplicate() => new(_descriptor.Duplicate(), Identity);

    /// <summary>Runs the work inside, on a thread that ends afterwards; the caller waits. Throws when the namespace cannot be entered.</summary>
    public T Run<T>(Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return OnNewThread(
            () =>
            {
                Enter(_descriptor);
                return work();
            });
    }

    public void Run(Action work) => Run(
        () =>
        {
            work();
            return true;
        });

    /// <summary>As <see cref="Run{T}"/>, without blocking the caller.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        StartThread(
            () =>
            {
                try
                {
                    Enter(_descriptor);
                    completion.SetResult(work());
                }
                catch (Exception e)
                {
                    completion.SetException(e);
                }
            });
        return completion.Task;
    }

    public void Dispose() => _descriptor.Dispose();

    public override string ToString() => Identity.ToString();

    /// <summary>
    /// Whether this process may enter namespaces: goes from its own into its own. NotPermitted without CAP_SYS_ADMIN. On the calling thread,
    /// which is where it was afterwards.
    /// </summary>
    public static Errno TryReenterOwn() => TrySet(Own._descriptor);

    /// <summary>
    /// Makes a socket inside, on the calling thread, which comes back at once: a socket stays in the namespace it was made in. A thread
    /// that could not come back would serve the wrong pod, so that ends the process. BadDescriptor once this object is disposed.
    /// </summary>
    internal Errno TryCreateSocket(int family, int type, int protocol, out int socket)
    {
        socket = -1;
        var own = Own;
        if (own.Identity == Identity)
        {
            socket = Libc.socket(family, type, protocol);
            return socket >= 0 ? Errno.None : Libc.LastError;
        }

        var entered = TrySet(_descriptor);
        if (entered != Errno.None) return entered;
        socket = Libc.socket(family, type, protocol);
        var error = socket >= 0 ? Errno.None : Libc.LastError;
        if (TrySet(own._descriptor) is var stuck and not Errno.None)
        {
            Environment.FailFast($"A thread cannot leave the network namespace of a pod: {stuck}.");
        }

        return error;
    }

    private static void Enter(SafeFileDescriptor descriptor)
    {
        if (TrySet(descriptor) is var error and not Errno.None) throw new LinuxException("setns", error);
    }

    /// <summary>Holds the descriptor during the call: the number of a closed one may be another pod's namespace by now.</summary>
    private static Errno TrySet(SafeFileDescriptor descriptor)
    {
        var isHeld = false;
        try
        {
            descriptor.DangerousAddRef(ref isHeld);
            return Libc.setns(descriptor.Number, Libc.CLONE_NEWNET) == 0 ? Errno.None : Libc.LastError;
        }
        catch (ObjectDisposedException)
        {
            return Errno.BadDescriptor;
        }
        finally
        {
            if (isHeld) descriptor.DangerousRelease();
        }
    }

    private static T OnNewThread<T>(Func<T> work)
    {
        T result = default!;
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? failure = null;
        var thread = StartThread(
            () =>
            {
                try
                {
                    result = work();
                }
                catch (Exception e)
                {
                    failure = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e);
                }
            });
        thread.Join();
        failure?.Throw();
        return result;
    }

    private static Thread StartThread(ThreadStart work)
    {
        _ = Own; // Resolved before any thread of ours can be elsewhere.
        var thread = new Thread(work, maxStackSize: 256 * 1024) { IsBackground = true, Name = "netns" };
        thread.Start();
        return thread;
    }

    private static bool IsNetworkNamespace(int descriptor)
    {
        const ulong NsGetNsType = 0xB703;
        var type = Libc.ioctl(descriptor, NsGetNsType, 0);
        return type == Libc.CLONE_NEWNET;
    }

    private static Errno TryIdentify(int descriptor, out NamespaceIdentity identity)
    {
        // struct statx has one layout everywhere: inode at 32, device at 136.
        var result = stackalloc byte[256];
        byte empty = 0;
        identity = default;
        if (Libc.statx(descriptor, &empty, Libc.AT_EMPTY_PATH, Libc.STATX_INO, result) != 0) return Libc.LastError;
        identity = new NamespaceIdentity(*(uint*)(result + 136), *(uint*)(result + 140), *(ulong*)(result + 32));
        return Errno.None;
    }
}
