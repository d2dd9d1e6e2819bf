using System.Buffers;

namespace Mesh.Identity;

/// <summary>
/// A workload's identity, strictly <c>spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/SERVICE_ACCOUNT</c> (SPIFFE ID, Istio's form).
/// Parsed once, compared by value.
/// </summary>
public sealed record SpiffeId(string TrustDomain, string Namespace, string ServiceAccount)
{
    private const string Scheme = "spiffe://";

    /// <summary>Longest accepted text, in characters (SPIFFE ID section 2.3: 2048 bytes).</summary>
    public const int LengthMax = 2048;

    // SPIFFE ID sections 2.1 and 2.2. Nothing else, so an id can stand in logs, headers and policies unquoted.
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");

    /// <summary>The id, or null when the text is not exactly of the form above.</summary>
    public static SpiffeId? TryParse(ReadOnlySpan<char> text)
    {
        if (text.Length > LengthMax || !text.StartsWith(Scheme, StringComparison.Ordinal)) return null;
        Span<Range> parts = stackalloc Range[6];
        var rest = text[Scheme.Length..];
        if (rest.Split(parts, '/') != 5) return null;
        if (rest[parts[1]] is not "ns" || rest[parts[3]] is not "sa") return null;
        var trustDomain = rest[parts[0]];
        var ns = rest[parts[2]];
        var account = rest[parts[4]];
        if (!IsName(trustDomain) || !IsName(ns) || !IsName(account)) return null;
        return new SpiffeId(trustDomain.ToString(), ns.ToString(), account.ToString());
    }

    /// <summary>The identity as policies name it: without the scheme.</summary>
    public string Principal => $"{TrustDomain}/ns/{Namespace}/sa/{ServiceAccount}";

    public override string ToString() => Scheme + Principal;

    private static bool IsName(ReadOnlySpan<char> part) =>
        !part.IsEmpty && !part.ContainsAnyExcept(Allowed) && part is not ("." or "..");
}
