namespace Mesh.Xds.Wire;

/// <summary>Why a resource was not understood, in the words that go into a rejection.</summary>
internal static class Problems
{
    public const string Malformed = "malformed protobuf";
    public const string NotUtf8 = "text is not UTF-8";
    public const string AddressLength = "an IP address must have 4 or 16 bytes";
    public const string PortRange = "a port is above 65535";
    public const string PrefixRange = "a prefix is longer than its address";
    public const string NoUid = "a workload needs a uid";
    public const string NoHostname = "a service needs a host name";
    public const string NoName = "a policy needs a name";
    public const string EmptyAddress = "an address is neither a workload nor a service";
    public const string ServiceKey = "a service key must be namespace/hostname";
    public const string GatewayDestination = "a gateway needs a host name or an address";
    public const string UnknownTunnel = "unknown tunnel protocol";
    public const string UnknownScope = "unknown policy scope";
    public const string UnknownAction = "unknown policy action";
    public const string KeptClosed = ": kept closed";
    public const string EmptyTextMatch = "a string match is empty";
}
