using Mesh.Operator.Api;

namespace Mesh.Operator.Rendering;

/// <summary>Which image each component runs. Pure.</summary>
internal static class ComponentImages
{
    public static IReadOnlyDictionary<string, string> Resolve(ImagesSpec images, OperatorDefaults defaults, Version version, bool withCni)
    {
        string[] components = withCni ? ["control-plane", "cni", "ztunnel"] : ["control-plane", "ztunnel"];
        return components.ToDictionary(component => component, component => Resolve(images, defaults, version, component), StringComparer.Ordinal);
    }

    private static string Resolve(ImagesSpec images, OperatorDefaults defaults, Version version, string component)
    {
        if (images.Overrides.GetValueOrDefault(component) is { Length: > 0 } whole) return whole;
        var registry = images.Registry.Length > 0 ? images.Registry : defaults.Registry;
        var tag = images.Tag.Length > 0 ? images.Tag : defaults.Tag.Length > 0 ? defaults.Tag : version.ToString();
        return $"{registry}/{component}:{tag}";
    }
}
