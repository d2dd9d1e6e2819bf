using System.Globalization;

namespace Mesh.Xds.Client;

/// <summary>
/// What one resource type holds: name to version, told to the server on reconnect. Hexadecimal versions are kept as numbers, for
/// there may be a hundred thousand. Owned by the client's loop.
/// </summary>
internal sealed class HeldVersions
{
    private readonly Dictionary<string, Version> _versions = new(StringComparer.Ordinal);

    public int Count => _versions.Count;

    public IEnumerable<KeyValuePair<string, string>> All => _versions.Select(v => KeyValuePair.Create(v.Key, v.Value.Text));

    public IEnumerable<string> Names => _versions.Keys;

    public bool Contains(string name) => _versions.ContainsKey(name);

    public void Set(string name, string version) => _versions[name] = Version.From(version);

    public bool Remove(string name) => _versions.Remove(name);

    private readonly record struct Version(ulong Hash, string? Other)
    {
        public string Text => Other ?? Hash.ToString("x16", CultureInfo.InvariantCulture);

        public static Version From(string text) =>
            text.Length == 16 && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hash)
            && hash.ToString("x16", CultureInfo.InvariantCulture) == text
                ? new Version(hash, null)
                : new Version(0, text);
    }
}
