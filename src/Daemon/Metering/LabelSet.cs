namespace Mesh.Daemon.Metering;

/// <summary>Names of labels and their values, in the same order; equally many.</summary>
public readonly record struct LabelSet(string[] Names, string[] Values)
{
    public static LabelSet None { get; } = new([], []);
}
