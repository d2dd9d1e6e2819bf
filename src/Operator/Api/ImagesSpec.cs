namespace Mesh.Operator.Api;

/// <summary>Where images come from: registry/component:tag unless an override names the whole reference.</summary>
internal sealed record ImagesSpec
{
    /// <summary>Empty means the operator's own registry.</summary>
    public string Registry { get => field ?? ""; init; }

    /// <summary>Empty means the operator's own tag, else the installed version.</summary>
    public string Tag { get => field ?? ""; init; }

    public string PullPolicy { get => field ?? "IfNotPresent"; init; }

    /// <summary>Names of pull secrets in the mesh's namespaces.</summary>
    public IReadOnlyList<string> PullSecrets { get => field ?? []; init; }

    /// <summary>Full references by component: control-plane, cni, ztunnel.</summary>
    public IReadOnlyDictionary<string, string> Overrides { get => field ?? new Dictionary<string, string>(); init; }
}
