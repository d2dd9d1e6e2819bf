using Mesh.Hbone;

namespace Mesh.Ztunnel.Revocation;

/// <summary>The revocation lists that hold now. Any thread; replaced by <see cref="RevocationWatch"/> only.</summary>
internal sealed class RevocationView
{
    private RevocationCheck _current = RevocationCheck.None;

    public RevocationCheck Current
    {
        get => Volatile.Read(ref _current);
        set => Volatile.Write(ref _current, value);
    }
}
