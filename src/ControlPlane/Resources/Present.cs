namespace Mesh.ControlPlane.Resources;

/// <summary>Lists as we read them where a missing entry closes nothing: without the nulls that a server without a schema lets in. Pure.</summary>
internal static class Present
{
    public static IReadOnlyList<T>? Of<T>(IReadOnlyList<T>? list)
        where T : class
    {
        if (list is null) return null;
        foreach (var item in list)
        {
            if (item is null) return [.. list.Where(static present => present is not null)];
        }
        return list;
    }
}
