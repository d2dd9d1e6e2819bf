namespace Mesh.ControlPlane.Publish;

/// <summary>An object whose translation threw: our defect, which costs that object and no other.</summary>
internal sealed record IndexFault(string Kind, string Key, Exception Fault);
