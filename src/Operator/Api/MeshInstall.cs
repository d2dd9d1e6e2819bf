using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.Operator.Api;

/// <summary>The one object that describes a whole mesh.</summary>
internal sealed record MeshInstall : IKubernetesObject
{
    /// <summary>The only name that is acted on: a cluster has one mesh.</summary>
    public const string SingletonName = "default";

    public const string Group = "install.mesh.dev";

    public static readonly ResourceType<MeshInstall> Resource =
        new(Group, "v1alpha1", "meshinstalls", "MeshInstall", namespaced: false, MeshJson.Default.MeshInstall);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }

    public MeshInstallSpec Spec { get => field ?? new MeshInstallSpec(); init; }

    public MeshInstallStatus Status { get => field ?? new MeshInstallStatus(); init; }
}
