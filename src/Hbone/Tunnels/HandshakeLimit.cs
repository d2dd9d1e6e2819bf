using Mesh.Linux.Loops;

namespace Mesh.Hbone.Tunnels;

/// <summary>
/// The clients of one loop that are in the middle of a handshake. When there are too many, the one that began first is given up: honest
/// ones are done in milliseconds, so those who only hold a place lose it. Loop thread only.
/// </summary>
internal sealed class HandshakeLimit
{
    /// <summary>Handshakes at once; each holds up to 60 KiB in OpenSSL, and beginning so many takes longer than an honest one lasts.</summary>
    public const int HandshakesMax = 512;

    [ThreadStatic] private static HandshakeLimit? current;

    private readonly LinkedList<LoopSocket> begun = new();

    public static HandshakeLimit Current => current ??= new HandshakeLimit();

    public LinkedListNode<LoopSocket> Enter(LoopSocket socket)
    {
        if (begun.Count >= HandshakesMax)
        {
            var oldest = begun.First!;
            begun.RemoveFirst();
            oldest.Value.Dispose(); // Its handshake sees that and ends.
        }
        return begun.AddLast(socket);
    }

    /// <summary>False when its place was taken before.</summary>
    public bool Leave(LinkedListNode<LoopSocket> place)
    {
        if (place.List is null) return false;
        begun.Remove(place);
        return true;
    }
}
