using System.Globalization;
using System.Text;

namespace Mesh.Kubernetes.Http;

/// <summary>Appends query parameters to a path; absent values are left out.</summary>
internal sealed class QueryText(string path)
{
    private readonly StringBuilder _text = new(path);
    private char _separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';

    public QueryText Add(string name, string? value)
    {
        if (string.IsNullOrEmpty(value)) return this;
        _text.Append(_separator).Append(name).Append('=').Append(Uri.EscapeDataString(value));
        _separator = '&';
        return this;
    }

    public QueryText Add(string name, bool value) => value ? Add(name, "true") : this;

    public QueryText Add(string name, int value) => value == 0 ? this : Add(name, value.ToString(CultureInfo.InvariantCulture));

    public override string ToString() => _text.ToString();
}
