namespace Mesh.Kubernetes;

/// <summary>Namespace and name: what identifies an object within its kind. The namespace of a cluster-scoped object is empty.</summary>
public readonly record struct ObjectKey(string Namespace, string Name)
{
    public static ObjectKey ClusterScoped(string name) => new("", name);

    public override string ToString() => string.IsNullOrEmpty(Namespace) ? Name : $"{Namespace}/{Name}";
}
