namespace Mesh.Model.Snapshot;

/// <summary>Which of several services a client means, and which it may see. Negative: the first one wins.</summary>
internal static class ServiceRank
{
    public static bool IsVisible(Service service, string clientNamespace) =>
        service.Visibility != ServiceVisibility.Namespace || service.Namespace == clientNamespace;

    public static int Compare(MeshService first, MeshService second, string clientNamespace, string? preferredNamespace = null)
    {
        var order = Rank(first, clientNamespace, preferredNamespace) - Rank(second, clientNamespace, preferredNamespace);
        return order != 0 ? order : ByName(first, second);
    }

    public static int Compare(VirtualRange first, VirtualRange second, string clientNamespace)
    {
        var own = (first.Service.Key.Namespace == clientNamespace ? 0 : 1) - (second.Service.Key.Namespace == clientNamespace ? 0 : 1);
        if (own != 0) return own;
        if (first.PrefixLength != second.PrefixLength) return second.PrefixLength - first.PrefixLength;
        var canonical = (first.Service.Service!.Canonical ? 0 : 1) - (second.Service.Service!.Canonical ? 0 : 1);
        return canonical != 0 ? canonical : ByName(first.Service, second.Service);
    }

    private static int Rank(MeshService service, string clientNamespace, string? preferredNamespace)
    {
        if (service.Key.Namespace == clientNamespace) return 0;
        if (service.Service!.Canonical) return 1;
        return service.Key.Namespace == preferredNamespace ? 2 : 3;
    }

    private static int ByName(MeshService first, MeshService second)
    {
        var order = string.CompareOrdinal(first.Key.Namespace, second.Key.Namespace);
        return order != 0 ? order : string.CompareOrdinal(first.Key.Hostname, second.Key.Hostname);
    }
}
