namespace Mesh.Kubernetes.Reviews;

/// <summary>Something one may or may not do in the cluster.</summary>
public sealed record AccessRequest
{
    public required string Verb { get; init; }

    public string Group { get; init; } = "";

    public required string Plural { get; init; }

    public string? Subresource { get; init; }

    /// <summary>Null or empty asks about all namespaces.</summary>
    public string? Namespace { get; init; }

    public string? Name { get; init; }

    public static AccessRequest To(string verb, ResourceType type, string? inNamespace = null) =>
        new() { Verb = verb, Group = type.Group, Plural = type.Plural, Namespace = inNamespace };

    public override string ToString()
    {
        var what = Subresource is null ? Plural : $"{Plural}/{Subresource}";
        if (Group.Length > 0) what += "." + Group;
        return string.IsNullOrEmpty(Namespace) ? $"{Verb} {what}" : $"{Verb} {what} in {Namespace}";
    }
}
