using System.Text;

namespace Mesh.Kubernetes.Json;

/// <summary>
/// Gives equal short texts one string: namespaces, node names and labels repeat a hundred thousand times in a cluster.
/// Bounded and lossy (a slot keeps the latest text); races only cost a duplicate, so it has no lock.
/// </summary>
internal sealed class StringPool
{
    public static readonly StringPool Shared = new();

    private const int Slots = 1 << 15;
    private const int TextBytesMax = 128;
    private readonly string?[] _slots = new string?[Slots];

    public string Intern(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty) return "";
        if (utf8.Length > TextBytesMax) return Encoding.UTF8.GetString(utf8);
        Span<char> chars = stackalloc char[TextBytesMax];
        return Intern(chars[..Encoding.UTF8.GetChars(utf8, chars)]);
    }

    public string Intern(ReadOnlySpan<char> text)
    {
        ref var slot = ref _slots[(uint)string.GetHashCode(text, StringComparison.Ordinal) % Slots];
        var known = Volatile.Read(ref slot);
        if (known is not null && text.SequenceEqual(known)) return known;
        var fresh = text.ToString();
        Volatile.Write(ref slot, fresh);
        return fresh;
    }
}
