using System.Globalization;
using System.Net;

namespace Mesh.Cni;

/// <summary>Reads typed values from environment variables and collects what is wrong with them.</summary>
internal sealed class EnvironmentReader(Func<string, string?> variable)
{
    public string Problem { get; private set; } = string.Empty;

    public void Refuse(string problem) => Problem = Problem.Length == 0 ? problem : $"{Problem}; {problem}";

    public string Text(string name, string fallback) => variable(name) is { Length: > 0 } text ? text : fallback;

    public bool Boolean(string name, bool fallback)
    {
        switch (variable(name))
        {
            case null or "":
                return fallback;
            case "true" or "1":
                return true;
            case "false" or "0":
                return false;
            case { } other:
                Refuse($"{name}: '{other}' is no boolean");
                return fallback;
        }
    }

    public ushort Port(string name, ushort fallback)
    {
        if (variable(name) is not { Length: > 0 } text) return fallback;
        if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)) return port;
        Refuse($"{name}: '{text}' is no port");
        return fallback;
    }

    public IPAddress Address(string name, IPAddress fallback)
    {
        if (variable(name) is not { Length: > 0 } text) return fallback;
        if (IPAddress.TryParse(text, out var address) && address.AddressFamily == fallback.AddressFamily) return address;
        Refuse($"{name}: '{text}' is no address of the family");
        return fallback;
    }

    /// <summary>A list divided by commas; set but empty means none.</summary>
    public IReadOnlySet<string> Set(string name, IReadOnlySet<string> fallback) => variable(name) is { } text
        ? text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal)
        : fallback;
}
