using System.Collections.Immutable;
using Mesh.Model;

namespace Mesh.Xds.Wire;

/// <summary>
/// What decoding resources of one stream shares: repeated texts and sub-messages become one object. One decoder per stream,
/// one thread at a time.
/// </summary>
public sealed class WireDecoder
{
    private const int TextsMax = 65_536;
    private const int MessagesMax = 16_384;

    private readonly SharedValues<string> _texts = new(TextsMax);

    internal SharedValues<GatewayAddress> Gateways { get; } = new(MessagesMax);
    internal SharedValues<Locality> Localities { get; } = new(MessagesMax);
    internal SharedValues<WorkloadService> Services { get; } = new(MessagesMax);
    internal SharedValues<ImmutableArray<WorkloadService>> ServiceSets { get; } = new(MessagesMax);
    internal SharedValues<ImmutableArray<string>> PolicySets { get; } = new(MessagesMax);

    /// <summary>Scratch for the repeated fields of one workload: their encodings one after the other.</summary>
    internal ProtoWriter Scratch { get; } = new();

    /// <summary>The current field as shared text; null when it is not UTF-8.</summary>
    internal string? SharedText(scoped in ProtoReader field)
    {
        if (field.Bytes.IsEmpty) return "";
        if (_texts.TryFind(field.Bytes, out var known)) return known;
        if (field.Text() is not { } text) return null;
        _texts.Add(field.Bytes, text);
        return text;
    }
}
