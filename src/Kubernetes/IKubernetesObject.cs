using Mesh.Kubernetes.Objects;

namespace Mesh.Kubernetes;

/// <summary>
/// Anything the API server stores: typed slim records, custom resources of other projects, and <see cref="KubernetesObject"/>.
/// </summary>
public interface IKubernetesObject
{
    ObjectMeta Metadata { get; }
}
