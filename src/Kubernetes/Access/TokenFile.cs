namespace Mesh.Kubernetes.Access;

/// <summary>
/// A token that the kubelet rotates in place: read again after a while and whenever the server refuses it. Thread-safe:
/// the worst that a race does is read the small file twice.
/// </summary>
internal sealed class TokenFile(string path, TimeProvider time) : ITokenSource
{
    private static readonly TimeSpan ReadAgainAfter = TimeSpan.FromSeconds(30);
    private Entry? _entry;

    private sealed record Entry(string Token, long ReadAt);

    public ValueTask<string?> GetAsync(CancellationToken stop)
    {
        var entry = Volatile.Read(ref _entry);
        if (entry is null || time.GetElapsedTime(entry.ReadAt) >= ReadAgainAfter) entry = ReadFile(entry);
        return new ValueTask<string?>(entry.Token);
    }

    public ValueTask<bool> TryRenewAsync(string refused, CancellationToken stop) =>
        new(!string.Equals(ReadFile(Volatile.Read(ref _entry)).Token, refused, StringComparison.Ordinal));

    private Entry ReadFile(Entry? last)
    {
        try
        {
            var token = File.ReadAllText(path).Trim();
            if (token.Length > 0)
            {
                var entry = new Entry(token, time.GetTimestamp());
                Volatile.Write(ref _entry, entry);
                return entry;
            }

            if (last is not null) return last; // Caught between truncation and writing.
            throw new CredentialsException($"The token file {path} is empty. Check what mounts or writes it.");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return last ?? throw new CredentialsException($"The token file {path} cannot be read: {problem.Message}", problem);
        }
    }
}
