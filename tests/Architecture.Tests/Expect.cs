namespace Mesh.Architecture.Tests;

/// <summary>Assertions whose message lists every finding whole.</summary>
internal static class Expect
{
    public static void None(IEnumerable<string> findings)
    {
        var all = findings.ToList();
        Assert.True(all.Count == 0, string.Join('\n', all));
    }
}
