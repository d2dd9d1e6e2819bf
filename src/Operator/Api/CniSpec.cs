namespace Mesh.Operator.Api;

/// <summary>The CNI agent's DaemonSet.</summary>
internal sealed record CniSpec : PodSettings
{
    /// <summary>False where another installation on the node brings the agent.</summary>
    public bool Enabled { get; init; } = true;

    public string BinDir { get => field ?? "/opt/cni/bin"; init; }

    public string ConfDir { get => field ?? "/etc/cni/net.d"; init; }

    public string NetnsDir { get => field ?? "/var/run/netns"; init; }

    public IReadOnlyList<string> ExcludeNamespaces { get => field ?? ["kube-system"]; init; }
}
