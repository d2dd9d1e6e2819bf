using System.Globalization;
using System.Net;

namespace Mesh.Ztunnel.Yaml;

/// <summary>Reads values of expected kinds, and says what was expected when something else stands there.</summary>
internal readonly struct YamlCursor(YamlReader reader)
{
    public ReadOnlySpan<char> Text => reader.Text;

    public string Tag => reader.Tag;

    public YamlException Problem(string text) => reader.Problem(text);

    public YamlEvent Read() => reader.Read();

    /// <summary>Enters a mapping or list that must stand here; false for null.</summary>
    public bool Enter(YamlEvent start, string what)
    {
        var found = reader.Read();
        if (found == start) return true;
        return found == YamlEvent.Scalar && reader.IsNull ? false : throw reader.Problem($"{what} must be a {Word(start)}");
    }

    /// <summary>The next key of the mapping; false at its end.</summary>
    public bool NextKey(out ReadOnlySpan<char> key)
    {
        var found = reader.Read();
        key = reader.Text;
        return found == YamlEvent.Scalar || (found == YamlEvent.MappingEnd ? false : throw reader.Problem("a key must be a text"));
    }

    /// <summary>The next text of the list; false at its end.</summary>
    public bool NextText(string what)
    {
        var found = reader.Read();
        return found == YamlEvent.Scalar || (found == YamlEvent.SequenceEnd ? false : throw reader.Problem($"{what} must be texts"));
    }

    public ReadOnlySpan<char> ReadText(string what)
    {
        if (reader.Read() != YamlEvent.Scalar) throw reader.Problem($"{what} must be a text");
        return reader.IsNull ? default : reader.Text;
    }

    public bool ReadFlag(string what) => ReadText(what) switch
    {
        "true" => true,
        "false" => false,
        _ => throw reader.Problem($"{what} must be true or false"),
    };

    public ushort ReadPort(string what) => ToPort(ReadText(what), what);

    public ushort ToPort(ReadOnlySpan<char> text, string what) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? port
            : throw reader.Problem($"{what} must be a port, 0 to 65535");

    public uint ReadNumber(string what) =>
        uint.TryParse(ReadText(what), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw reader.Problem($"{what} must be a number");

    public IPAddress ToAddress(ReadOnlySpan<char> text, string what) =>
        IPAddress.TryParse(text, out var address) ? address : throw reader.Problem($"{what}: {text} is not an IP address");

    /// <summary>Passes over one value of any kind.</summary>
    public void Skip()
    {
        var depth = 0;
        do
        {
            depth += reader.Read() switch
            {
                YamlEvent.MappingStart or YamlEvent.SequenceStart => 1,
                YamlEvent.MappingEnd or YamlEvent.SequenceEnd => -1,
                YamlEvent.End => throw reader.Problem("the text ends too early"),
                _ => 0,
            };
        }
        while (depth > 0);
    }

    private static string Word(YamlEvent start) => start == YamlEvent.MappingStart ? "mapping" : "list";
}
