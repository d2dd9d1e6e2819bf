using Mesh.Namespaced.Tests.Harness;

namespace Mesh.Namespaced.Tests.Soak;

/// <summary>Which port means what.</summary>
internal static class Ports
{
    /// <summary>Nothing that happens may touch connections here.</summary>
    public const int Calm = 8080;

    /// <summary>Applications on both sides abort.</summary>
    public const int Aborting = 8081;

    /// <summary>A policy denies it half of the time.</summary>
    public const int Denied = 8082;

    /// <summary>Its process is killed again and again.</summary>
    public const int Killed = 8083;

    /// <summary>Where connections may be cut; the second address belongs to a workload that comes and goes.</summary>
    public static readonly (string Ip, int Port)[] Rough =
        [(Site.ServerIp, Aborting), (Site.ServerIp, Denied), (Site.ServerIp, Killed), (Site.SecondIp, Aborting)];
}
