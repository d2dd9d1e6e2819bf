namespace Mesh.Identity;

/// <summary>An answer to a signing request: either a chain (PEM, leaf first, then intermediates) or why there is none.</summary>
public sealed record IssuedCertificate(string? LeafPem, IReadOnlyList<string> IntermediatesPem, string? Problem)
{
    public string ChainPem => LeafPem + string.Concat(IntermediatesPem);
}
