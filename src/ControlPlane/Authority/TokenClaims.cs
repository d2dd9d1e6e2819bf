using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Mesh.ControlPlane.Authority;

/// <summary>
/// What a token says of itself, before anybody asks whether it is true: enough to turn rubbish away without a question to the API
/// server. Pure; the signature is the API server's business.
/// </summary>
internal static class TokenClaims
{
    private const string AccountPrefix = "system:serviceaccount:";
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    /// <summary>True when the token claims to be a service account's, for one of these audiences if it names any, and not yet over.</summary>
    public static bool AreWorthAQuestion(string token, IReadOnlyList<string> audiences, DateTimeOffset now)
    {
        var first = token.IndexOf('.', StringComparison.Ordinal);
        var last = token.LastIndexOf('.');
        if (first <= 0 || last <= first + 1 || last == token.Length - 1 || token.AsSpan(first + 1, last - first - 1).Contains('.')) return false;
        var payload = token.AsSpan(first + 1, last - first - 1);
        var bytes = new byte[Base64Url.GetMaxDecodedLength(payload.Length)];
        if (Base64Url.DecodeFromChars(payload, bytes, out _, out var length) != OperationStatus.Done) return false;
        try
        {
            using var claims = JsonDocument.Parse(bytes.AsMemory(0, length));
            return claims.RootElement.ValueKind == JsonValueKind.Object && AreWorthAQuestion(claims.RootElement, audiences, now);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool AreWorthAQuestion(JsonElement claims, IReadOnlyList<string> audiences, DateTimeOffset now)
    {
        if (!claims.TryGetProperty("sub", out var subject) || subject.ValueKind != JsonValueKind.String
            || !subject.GetString()!.StartsWith(AccountPrefix, StringComparison.Ordinal)) return false;
        if (claims.TryGetProperty("exp", out var end)
            && (end.ValueKind != JsonValueKind.Number || !end.TryGetDouble(out var seconds)
                || seconds < (now - ClockSkew).ToUnixTimeSeconds())) return false;
        // Tokens of old kept in Secrets name no audience: the API server decides.
        if (audiences.Count == 0 || !claims.TryGetProperty("aud", out var meant)) return true;
        if (meant.ValueKind == JsonValueKind.String) return audiences.Contains(meant.GetString(), StringComparer.Ordinal);
        if (meant.ValueKind != JsonValueKind.Array) return false;
        foreach (var one in meant.EnumerateArray())
        {
            if (one.ValueKind == JsonValueKind.String && audiences.Contains(one.GetString(), StringComparer.Ordinal)) return true;
        }
        return false;
    }
}
