using System.Collections.Immutable;

namespace Mesh.Model;

/// <summary>
/// Conditions that must all hold; per field, one positive value must match and no negative value may.
/// A match with every field empty never matches (istio.security.Match).
/// </summary>
public sealed record PolicyMatch
{
    public ImmutableArray<TextMatch> Namespaces { get; init; } = [];
    public ImmutableArray<TextMatch> NotNamespaces { get; init; } = [];
    public ImmutableArray<TextMatch> Principals { get; init; } = [];
    public ImmutableArray<TextMatch> NotPrincipals { get; init; } = [];
    public ImmutableArray<ServiceAccountMatch> ServiceAccounts { get; init; } = [];
    public ImmutableArray<ServiceAccountMatch> NotServiceAccounts { get; init; } = [];
    public ImmutableArray<AddressRange> SourceIps { get; init; } = [];
    public ImmutableArray<AddressRange> NotSourceIps { get; init; } = [];
    public ImmutableArray<AddressRange> DestinationIps { get; init; } = [];
    public ImmutableArray<AddressRange> NotDestinationIps { get; init; } = [];
    public ImmutableArray<ushort> DestinationPorts { get; init; } = [];
    public ImmutableArray<ushort> NotDestinationPorts { get; init; } = [];
}
