namespace Mesh.Operator.Rendering;

/// <summary>What the templates know about the CNI agent.</summary>
internal sealed record CniValues(string BinDir, string ConfDir, string NetnsDir, PodValues Pod)
{
    /// <summary>The host's folder of namespaces in the agent's container: under its own name, as the runtime names what is in it.</summary>
    public string NetnsMount => "/host" + NetnsDir;
}
