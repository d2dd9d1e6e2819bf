namespace Mesh.Kubernetes.Objects;

/// <summary>Which objects by their labels.</summary>
public sealed record LabelSelector
{
    public StringMap MatchLabels { get => field ?? StringMap.Empty; init; }
    public IReadOnlyList<LabelSelectorRequirement> MatchExpressions { get => field ?? []; init => field = Frozen.List(value); }

    /// <summary>True when the labels meet every line; an empty selector selects everything, an unknown operator nothing.</summary>
    public bool Selects(StringMap labels)
    {
        foreach (var (key, value) in MatchLabels)
        {
            if (!labels.Has(key, value)) return false;
        }

        foreach (var requirement in MatchExpressions)
        {
            if (!requirement.IsMetBy(labels)) return false;
        }

        return true;
    }
}
