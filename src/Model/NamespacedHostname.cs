namespace Mesh.Model;

/// <summary>A host name as one namespace sees it; also the resource name of a service on the wire.</summary>
public readonly record struct NamespacedHostname(string Namespace, string Hostname)
{
    public override string ToString() => $"{Namespace}/{Hostname}";
}
