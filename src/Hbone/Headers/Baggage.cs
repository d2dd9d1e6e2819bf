using System.Buffers;
using System.Text;

namespace Mesh.Hbone;

/// <summary>What a proxy tells about its workload in the <c>baggage</c> header; labels for telemetry, never for policy.</summary>
public sealed record Baggage
{
    private const int EntriesMax = 64;

    /// <summary>No name in Kubernetes is longer; a peer's words become labels, which stay.</summary>
    private const int ValueCharsMax = 253;

    // W3C Baggage: visible ASCII without comma, semicolon, quote, backslash; the equals sign is left out to stay unambiguous.
    private static readonly SearchValues<char> ValueCharacters = SearchValues.Create(
        "!#$%&'()*+-./0123456789:<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~");
    private static readonly string[] Kinds = ["deployment", "cronjob", "pod", "job"];

    public string? ClusterName { get; init; }
    public string? Namespace { get; init; }

    /// <summary>deployment, cronjob, pod or job.</summary>
    public string? WorkloadKind { get; init; }
    public string? WorkloadName { get; init; }
    public string? ServiceName { get; init; }
    public string? ServiceVersion { get; init; }
    public string? Region { get; init; }
    public string? Zone { get; init; }

    /// <summary>Known items in upstream's order; empty ones, and values that the header cannot carry, are left out.</summary>
    public string Render()
    {
        var text = new StringBuilder();
        Add(text, "k8s.cluster.name", ClusterName);
        Add(text, "k8s.namespace.name", Namespace);
        if (WorkloadKind is not null) Add(text, $"k8s.{WorkloadKind}.name", WorkloadName);
        Add(text, "service.name", ServiceName);
        Add(text, "service.version", ServiceVersion);
        Add(text, "cloud.region", Region);
        Add(text, "cloud.availability_zone", Zone);
        return text.ToString();
    }

    /// <summary>Items we know; others, and what is malformed, are passed over. Only the first items of a long list are looked at.</summary>
    public static Baggage Parse(ReadOnlySpan<char> text)
    {
        var result = new Baggage();
        var seen = 0;
        foreach (var range in text.Split(','))
        {
            if (++seen > EntriesMax) break;
            var item = text[range].Trim();
            var equals = item.IndexOf('=');
            if (equals <= 0 || equals == item.Length - 1) continue;
            var properties = item.IndexOf(';'); // The grammar allows metadata behind a value.
            var value = (properties > equals ? item[(equals + 1)..properties] : item[(equals + 1)..]).Trim();
            if (value.Length <= ValueCharsMax) result = result.With(item[..equals].Trim(), value.ToString());
        }
        return result;
    }

    private Baggage With(ReadOnlySpan<char> key, string value)
    {
        switch (key)
        {
            case "k8s.cluster.name": return this with { ClusterName = value };
            case "k8s.namespace.name": return this with { Namespace = value };
            case "service.name": return this with { ServiceName = value };
            case "service.version": return this with { ServiceVersion = value };
            case "cloud.region": return this with { Region = value };
            case "cloud.availability_zone": return this with { Zone = value };
        }
        foreach (var kind in Kinds)
        {
            if (key.Length == kind.Length + 9 && key.StartsWith("k8s.") && key.EndsWith(".name") && key[4..^5].SequenceEqual(kind))
                return this with { WorkloadKind = kind, WorkloadName = value };
        }
        return this;
    }

    private static void Add(StringBuilder text, string key, string? value)
    {
        if (string.IsNullOrEmpty(value) || value.AsSpan().ContainsAnyExcept(ValueCharacters)) return;
        if (text.Length > 0) text.Append(',');
        text.Append(key).Append('=').Append(value);
    }
}
