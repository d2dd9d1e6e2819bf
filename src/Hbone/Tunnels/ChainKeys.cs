using System.Collections.Immutable;
using Mesh.Identity;

namespace Mesh.Hbone.Tunnels;

/// <summary>What of a verified chain is kept with a tunnel, so that it can be asked about when revocation lists change.</summary>
internal static class ChainKeys
{
    /// <summary>One key a certificate, the leaf's first; default when one cannot be read, and then the tunnel is not found by a later list.</summary>
    public static ImmutableArray<UInt128> Of(byte[][] chain)
    {
        if (chain.Length == 0) return default;
        var keys = ImmutableArray.CreateBuilder<UInt128>(chain.Length);
        foreach (var der in chain)
        {
            if (CertificateFacts.TryRead(der) is not { } facts) return default;
            keys.Add(RevocationLists.KeyOf(facts));
        }
        return keys.MoveToImmutable();
    }
}
