namespace Mesh.Model.Policy;

/// <summary>A CIDR as numbers.</summary>
internal readonly record struct IpRange(Ip Address, int PrefixLength)
{
    /// <summary>The range is a single address.</summary>
    public bool IsSingle => PrefixLength == (Address.IsV4 ? 32 : 128);
}
