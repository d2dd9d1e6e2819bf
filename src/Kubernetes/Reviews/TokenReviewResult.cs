namespace Mesh.Kubernetes.Reviews;

/// <summary>Whom the API server takes the bearer of a token for.</summary>
public sealed record TokenReviewResult
{
    public bool Authenticated { get; init; }

    /// <summary>Such as <c>system:serviceaccount:shop:cart</c>.</summary>
    public string User { get; init; } = "";

    public string Uid { get; init; } = "";

    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Pod and node of a bound token, among others.</summary>
    public IReadOnlyDictionary<string, string[]> Extra { get; init; } = new Dictionary<string, string[]>(StringComparer.Ordinal);

    /// <summary>Which of the audiences that were asked for the token is meant for.</summary>
    public IReadOnlyList<string> Audiences { get; init; } = [];

    /// <summary>Why it was not authenticated, if the server says.</summary>
    public string Error { get; init; } = "";

    /// <summary>Namespace and name of the account when the user is a service account, else null.</summary>
    public ObjectKey? ServiceAccount
    {
        get
        {
            const string prefix = "system:serviceaccount:";
            if (!Authenticated || !User.StartsWith(prefix, StringComparison.Ordinal)) return null;
            var rest = User.AsSpan(prefix.Length);
            var colon = rest.IndexOf(':');
            return colon <= 0 || colon == rest.Length - 1 || rest[(colon + 1)..].Contains(':')
                ? null
                : new ObjectKey(rest[..colon].ToString(), rest[(colon + 1)..].ToString());
        }
    }

    /// <summary>The pod that a bound token was issued for; null for other tokens.</summary>
    public string? PodName => First("authentication.kubernetes.io/pod-name");

    public string? PodUid => First("authentication.kubernetes.io/pod-uid");

    public string? NodeName => First("authentication.kubernetes.io/node-name");

    private string? First(string key) => Extra.TryGetValue(key, out var values) && values.Length > 0 ? values[0] : null;
}
