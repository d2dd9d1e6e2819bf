namespace Mesh.Model.Decisions;

/// <summary>What an endpoint is wanted for.</summary>
public enum EndpointMode
{
    /// <summary>To carry traffic of a service port, which it must serve.</summary>
    Standard,

    /// <summary>As a waypoint or gateway; a missing port is fine where an application tunnel waits.</summary>
    Waypoint,
}
