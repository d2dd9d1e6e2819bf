using Mesh.ControlPlane.Resources;
using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Translate;

/// <summary>Which labels a selector wants. Pure. A selector without labels selects nothing, not everything.</summary>
internal static class Selectors
{
    public static bool Match(WorkloadSelector? selector, StringMap labels) => selector is not null && Match(selector.Wanted(), labels);

    public static bool Match(StringMap wanted, StringMap labels)
    {
        if (wanted.Count == 0) return false;
        foreach (var (key, value) in wanted)
        {
            if (!labels.Has(key, value)) return false;
        }
        return true;
    }
}
