namespace Mesh.Operator.Rendering;

/// <summary>What the templates know about revocation lists: the ConfigMap and its key.</summary>
internal sealed record CrlValues(string Name, string Key);
