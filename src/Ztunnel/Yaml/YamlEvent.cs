namespace Mesh.Ztunnel.Yaml;

/// <summary>What <see cref="YamlReader"/> found next.</summary>
internal enum YamlEvent
{
    End,
    MappingStart,
    MappingEnd,
    SequenceStart,
    SequenceEnd,

    /// <summary>A key or a value.</summary>
    Scalar,
}
