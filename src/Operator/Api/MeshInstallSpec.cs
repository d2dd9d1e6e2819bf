namespace Mesh.Operator.Api;

/// <summary>What the user wants. Defaults that no profile changes stand in the schema; the rest is resolved in memory.</summary>
internal sealed record MeshInstallSpec
{
    /// <summary>MAJOR.MINOR, the newest patch this operator knows, or MAJOR.MINOR.PATCH.</summary>
    public string Version { get => field ?? ""; init; }

    public string Profile { get => field ?? "default"; init; }

    public string Namespace { get => field ?? "mesh-system"; init; }

    public string NodeNamespace { get => field ?? "mesh-node"; init; }

    /// <summary>Leaves everything as it is until it is false again.</summary>
    public bool Suspend { get; init; }

    /// <summary>Delete, Orphan or OrphanDataPlane.</summary>
    public string DeletionPolicy { get => field ?? "Delete"; init; }

    /// <summary>Correct, Warn or Ignore: what becomes of edits to objects we made.</summary>
    public string DriftPolicy { get => field ?? "Correct"; init; }

    public ImagesSpec Images { get => field ?? new ImagesSpec(); init; }

    public ControlPlaneSpec ControlPlane { get => field ?? new ControlPlaneSpec(); init; }

    public ZtunnelSpec Ztunnel { get => field ?? new ZtunnelSpec(); init; }

    public CniSpec Cni { get => field ?? new CniSpec(); init; }

    public MeshSpec Mesh { get => field ?? new MeshSpec(); init; }

    public CaSpec Ca { get => field ?? new CaSpec(); init; }
}
