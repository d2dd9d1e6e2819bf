using System.Net;

namespace Mesh.Hosting;

/// <summary>What differs between our hosted programs.</summary>
public sealed record MeshHostOptions
{
    /// <summary>The program's name, as telemetry reports it.</summary>
    public required string Program { get; init; }

    /// <summary>The meters to collect besides the runtime's own.</summary>
    public required IReadOnlyList<string> Meters { get; init; }

    /// <summary>Plain HTTP ports for health and metrics; each serves the same pages.</summary>
    public required IReadOnlyList<int> OperationsPorts { get; init; }

    public IPAddress Address { get; init; } = IPAddress.IPv6Any;

    /// <summary>Connections over all ports, so that a flood cannot take every descriptor.</summary>
    public int ConnectionsMax { get; init; } = 10_000;

    public long RequestBodyBytes { get; init; } = 1024 * 1024;

    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(25);
}
