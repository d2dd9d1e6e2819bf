using System.Text.RegularExpressions;

namespace Mesh.Operator.Rules;

/// <summary>The shapes of values in a MeshInstall; matched in linear time, since the text comes from anybody who may write one.</summary>
internal static class MeshPatterns
{
    public static Regex Version { get; } = Pattern(
        @"^(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})(\.(0|[1-9]\d{0,4}))?\z");

    public static Regex DnsLabel { get; } = Pattern(
        @"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\z");

    public static Regex DnsName { get; } = Pattern(
        @"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z");

    public static Regex ClusterName { get; } = Pattern(
        @"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\z");

    public static Regex Registry { get; } = Pattern(
        @"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:\d{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*\z");

    public static Regex Tag { get; } = Pattern(
        @"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z");

    public static Regex ImageReference { get; } = Pattern(
        @"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:\d{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?\z");

    public static Regex AbsolutePath { get; } = Pattern(
        @"^(/[A-Za-z0-9._-]+)+/?\z");

    /// <summary>"." and "..", which name another folder than the path seems to.</summary>
    public static Regex DotSegment { get; } = Pattern(
        @"/\.\.?(/|\z)");

    public static Regex FileName { get; } = Pattern(
        @"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}\z");

    public static Regex VariableName { get; } = Pattern(
        @"^[A-Za-z_][A-Za-z0-9_]*\z");

    private static Regex Pattern(string pattern) =>
        new(pattern, RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant);
}
