namespace Mesh.Operator.Rendering;

/// <summary>A namespace of the mesh; `Made` when it goes with the mesh.</summary>
internal sealed record NamespaceValues(string Name, string PodSecurity, bool Made);
