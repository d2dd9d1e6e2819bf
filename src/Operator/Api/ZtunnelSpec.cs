namespace Mesh.Operator.Api;

/// <summary>The node proxy's DaemonSet.</summary>
internal sealed record ZtunnelSpec : PodSettings
{
    /// <summary>plain or json.</summary>
    public string LogFormat { get => field ?? "plain"; init; }
}
