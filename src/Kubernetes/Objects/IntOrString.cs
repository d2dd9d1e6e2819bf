using System.Globalization;
using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A number, or the name of a port that has one.</summary>
[JsonConverter(typeof(IntOrStringConverter))]
public readonly record struct IntOrString
{
    public IntOrString(int number) => Number = number;

    public IntOrString(string name) => Name = name;

    /// <summary>Null when it is a number.</summary>
    public string? Name { get; }

    public int Number { get; }

    public override string ToString() => Name ?? Number.ToString(CultureInfo.InvariantCulture);
}
