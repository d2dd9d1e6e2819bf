namespace Mesh.Namespaced.Tests.Harness;

/// <summary>Tests that measure must not compete with each other for the machine.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
