namespace Mesh.Kubernetes;

/// <summary>What the API server says it is.</summary>
public sealed record ServerVersion
{
    public string Major { get => field ?? ""; init; }
    public string Minor { get => field ?? ""; init; }
    public string GitVersion { get => field ?? ""; init; }

    /// <summary>Major and minor as numbers; vendors append signs such as <c>27+</c>.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public (int Major, int Minor) Numbers => (Number(Major), Number(Minor));

    private static int Number(string text)
    {
        var number = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c) || number > 100_000) break;
            number = (number * 10) + (c - '0');
        }

        return number;
    }
}
