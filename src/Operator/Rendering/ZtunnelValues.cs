namespace Mesh.Operator.Rendering;

/// <summary>What the templates know about ztunnel.</summary>
internal sealed record ZtunnelValues(bool Surges, PodValues Pod, CrlValues? Crl);
