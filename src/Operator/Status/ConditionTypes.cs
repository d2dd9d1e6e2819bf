namespace Mesh.Operator.Status;

/// <summary>The conditions of a MeshInstall. Reconciling, Stalled, Paused, Drifted and Removing stand only while they are true.</summary>
internal static class ConditionTypes
{
    public const string Ready = "Ready";
    public const string Reconciling = "Reconciling";
    public const string Stalled = "Stalled";
    public const string SpecValid = "SpecValid";
    public const string ControlPlaneReady = "ControlPlaneReady";
    public const string CniReady = "CNIReady";
    public const string ZtunnelReady = "ZTunnelReady";
    public const string Paused = "Paused";
    public const string Drifted = "Drifted";

    /// <summary>Its reason is the step of a removal, and its time when that step began.</summary>
    public const string Removing = "Removing";
}
