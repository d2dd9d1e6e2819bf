namespace Mesh.Model;

/// <summary>One service account; the trust domain does not matter.</summary>
public readonly record struct ServiceAccountMatch(string Namespace, string ServiceAccount);
