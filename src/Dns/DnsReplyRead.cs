namespace Mesh.Dns;

/// <summary>What a message that came for a question of ours turned out to be.</summary>
public enum DnsReplyRead
{
    /// <summary>The answer to our question.</summary>
    Complete,

    /// <summary>The answer, but cut: ask again over TCP.</summary>
    Truncated,

    /// <summary>Not for our question: somebody guesses, or an old answer is late.</summary>
    Foreign,

    /// <summary>For our question, and not to be read.</summary>
    Malformed,
}
