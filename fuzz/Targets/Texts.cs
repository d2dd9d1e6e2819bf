using System.Text;

namespace Mesh.Fuzz.Targets;

/// <summary>Words and bytes to make valid inputs of.</summary>
internal static class Texts
{
    private static readonly string[] Words =
    [
        "shop", "cart-0", "default", "cluster.local", "Kubernetes", "10.1.2.3:80", "[fd00::1]:443", "k8s.namespace.name", "a", "", "x=y", "*", "ns/sa", "über",
    ];

    public static string Word(Random random) => Words[random.Next(Words.Length)];

    public static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>Any bytes as text, one character per byte.</summary>
    public static string Of(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
