namespace Mesh.ControlPlane.Resources;

/// <summary>Who may attach to a listener.</summary>
internal sealed record AllowedRoutes
{
    public RouteNamespaces? Namespaces { get; init; }
}
