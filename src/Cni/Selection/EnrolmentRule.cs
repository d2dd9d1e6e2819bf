using Mesh.Kubernetes.Objects;

namespace Mesh.Cni.Selection;

/// <summary>Which pods belong to the mesh. Pure.</summary>
internal sealed class EnrolmentRule(IReadOnlyList<SelectorPair> pairs, IReadOnlySet<string> excludedNamespaces)
{
    public const string ModeLabel = "istio.io/dataplane-mode";
    public const string Ambient = "ambient";
    public const string None = "none";
    private const string SidecarAnnotation = "sidecar.istio.io/status";

    /// <summary>A pod's own label decides; without one, its namespace's.</summary>
    public static readonly IReadOnlyList<SelectorPair> DefaultPairs =
    [
        new SelectorPair(LabelIs(ModeLabel, Ambient), new LabelSelector()),
        new SelectorPair(
            new LabelSelector { MatchExpressions = [new LabelSelectorRequirement { Key = ModeLabel, Operator = "NotIn", Values = [None] }] },
            LabelIs(ModeLabel, Ambient)),
    ];

    public bool IsExcluded(string space) => excludedNamespaces.Contains(space);

    public bool Wants(Pod pod, StringMap namespaceLabels)
    {
        if (IsExcluded(pod.Metadata.Namespace) || pod.Spec.HostNetwork || pod.Metadata.Annotations.ContainsKey(SidecarAnnotation)) return false;
        foreach (var pair in pairs)
        {
            if (pair.Pods.Selects(pod.Metadata.Labels) && pair.Namespaces.Selects(namespaceLabels)) return true;
        }

        return false;
    }

    /// <summary>Whether some pod without labels of its own would be wanted here: then its namespace is in the mesh.</summary>
    public bool WantsNamespace(string space, StringMap namespaceLabels)
    {
        if (IsExcluded(space)) return false;
        foreach (var pair in pairs)
        {
            if (pair.Pods.Selects(StringMap.Empty) && pair.Namespaces.Selects(namespaceLabels)) return true;
        }

        return false;
    }

    private static LabelSelector LabelIs(string key, string value) =>
        new() { MatchLabels = StringMap.From([new KeyValuePair<string, string>(key, value)]) };
}
