using System.Net;

namespace Mesh.Cni.Redirect;

/// <summary>What decides a pod's rules.</summary>
internal sealed record RedirectSettings
{
    public static readonly IPAddress DefaultProbeV4 = new([169, 254, 7, 127]);
    public static readonly IPAddress DefaultProbeV6 = IPAddress.Parse("fd16:9254:7127:1337:ffff:ffff:ffff:ffff");

    public bool V6 { get; init; } = true;

    public bool CapturesDns { get; init; }

    /// <summary>Plaintext goes straight to the application; only HBONE passes the proxy.</summary>
    public bool BypassesInbound { get; init; }

    /// <summary>Redirect only connections that begin now, so enrolling breaks none.</summary>
    public bool IsGraceful { get; init; } = true;

    /// <summary>Interfaces behind which other machines live (virtual machines, containers): their TCP is this pod's outbound.</summary>
    public IReadOnlyList<string> VirtualInterfaces { get; init; } = [];

    /// <summary>The source address that kubelet's probes wear inside pods.</summary>
    public IPAddress ProbeV4 { get; init; } = DefaultProbeV4;

    public IPAddress ProbeV6 { get; init; } = DefaultProbeV6;
}
