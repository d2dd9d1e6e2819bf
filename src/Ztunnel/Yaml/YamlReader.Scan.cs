using System.Globalization;
using System.Text;

namespace Mesh.Ztunnel.Yaml;

/// <summary>Lines, scalars and flow collections.</summary>
internal sealed partial class YamlReader
{
    private bool _flowNeedsComma;
    private bool _flowNeedsValue;

    private ReadOnlySpan<char> Rest => _line.Span[_at..];

    private static bool IsDash(ReadOnlySpan<char> content) => content[0] == '-' && (content.Length == 1 || content[1] == ' ');

    /// <summary>Skips blanks and comments on this line; false when nothing is left of it.</summary>
    private bool SkipToContent()
    {
        var from = _at;
        SkipSpaces();
        if (_at >= _line.Length) return false;
        if (Rest[0] != '#' || (_at > 0 && from == _at && _line.Span[_at - 1] != ' ')) return true;
        _at = _line.Length;
        return false;
    }

    private void SkipSpaces()
    {
        var span = _line.Span;
        while (_at < span.Length && span[_at] == ' ') _at++;
        if (_at < span.Length && span[_at] == '\t') throw Problem("a tab is not indentation: use spaces");
    }

    /// <summary>Goes to the next line with content.</summary>
    private bool LoadLine()
    {
        while (!_ended)
        {
            if (!_lines.MoveNext())
            {
                _ended = true;
                break;
            }

            _line = _lines.Current;
            _at = 0;
            if (_line.Span is "---" && _scopes.Count == 0) continue;
            if (!SkipToContent()) continue;
            if (_at == 0 && _line.Span.StartsWith("---")) throw Problem("only one document is read");
            _isLineStart = true;
            return true;
        }

        _line = default;
        _at = 0;
        return false;
    }

    private void ExpectLineEnd()
    {
        if (SkipToContent()) throw Problem("there is text after the value");
    }

    /// <summary>Position of the colon that ends a key, or -1 when the text is no key.</summary>
    private static int FindKeyEnd(ReadOnlySpan<char> content)
    {
        if (content[0] is '"' or '\'')
        {
            var close = FindQuoteEnd(content);
            if (close < 0) return -1;
            var after = content[(close + 1)..].TrimStart(' ');
            return after.Length > 0 && after[0] == ':' ? content.Length - after.Length : -1;
        }

        if (content[0] is '[' or '{') return -1;
        for (var i = 0; i < content.Length; i++)
        {
            if (content[i] == ':' && (i + 1 == content.Length || content[i + 1] == ' ')) return i;
            if (content[i] == '#' && i > 0 && content[i - 1] == ' ') return -1;
        }

        return -1;
    }

    private static int FindQuoteEnd(ReadOnlySpan<char> content)
    {
        var quote = content[0];
        for (var i = 1; i < content.Length; i++)
        {
            if (quote == '"' && content[i] == '\\')
            {
                i++;
            }
            else if (content[i] == quote)
            {
                if (quote == '\'' && i + 1 < content.Length && content[i + 1] == '\'') i++;
                else return i;
            }
        }

        return -1;
    }

    private void TakeScalar(bool inFlow)
    {
        var rest = Rest;
        if (rest[0] is '"' or '\'')
        {
            TakeQuoted();
            return;
        }

        var end = 0;
        for (; end < rest.Length; end++)
        {
            var c = rest[end];
            if (c == '#' && end > 0 && rest[end - 1] == ' ') break;
            if (c == ':' && (end + 1 == rest.Length || rest[end + 1] == ' ' || (inFlow && rest[end + 1] is ',' or ']' or '}')))
            {
                if (inFlow) break;
                throw Problem("a key cannot follow a key on one line: quote the text");
            }

            if (inFlow && c is (',' or ']' or '}' or '[' or '{')) break;
        }

        _text = _line.Slice(_at, end).TrimEnd();
        _at += end;
    }

    private void TakeQuoted()
    {
        IsQuoted = true;
        var rest = Rest;
        var end = FindQuoteEnd(rest);
        if (end < 0) throw Problem("the quote is not closed on its line");
        _text = _line.Slice(_at + 1, end - 1);
        var isEscaped = rest[0] == '"' ? _text.Span.Contains('\\') : _text.Span.Contains('\'');
        if (isEscaped) _text = rest[0] == '"' ? Unescape(_text.Span) : _text.ToString().Replace("''", "'", StringComparison.Ordinal).AsMemory();
        _at += end + 1;
    }

    private ReadOnlyMemory<char> Unescape(ReadOnlySpan<char> text)
    {
        _unescaped ??= new StringBuilder();
        _unescaped.Clear();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                _unescaped.Append(text[i]);
                continue;
            }

            i++;
            var digits = text[i] switch { 'x' => 2, 'u' => 4, _ => 0 };
            if (digits > 0)
            {
                if (i + digits >= text.Length
                    || !ushort.TryParse(text.Slice(i + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
                {
                    throw Problem("the escape is not complete");
                }

                _unescaped.Append((char)code);
                i += digits;
                continue;
            }

            _unescaped.Append(text[i] switch
            {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                '"' or '\\' or '/' or ' ' => text[i],
                _ => throw Problem($"the escape \\{text[i]} is not known"),
            });
        }

        return _unescaped.ToString().AsMemory();
    }

    private YamlEvent OpenFlow(YamlScopeKind kind)
    {
        _at++;
        _flowNeedsComma = false;
        _flowNeedsValue = false;
        return Open(kind, Indent);
    }

    private YamlEvent ReadFlow(YamlScope scope)
    {
        while (true)
        {
            while (!SkipToContent())
            {
                if (!LoadLine()) throw Problem("a bracket is not closed");
            }

            _isLineStart = false;
            var c = Rest[0];
            if (c is ']' or '}') return CloseFlow(scope, c);
            if (c == ',')
            {
                if (_flowNeedsValue) return FlowValue(); // A key without a value.
                if (!_flowNeedsComma) throw Problem("a comma without a value before it");
                _at++;
                _flowNeedsComma = false;
                continue;
            }

            if (_flowNeedsComma) throw Problem("a comma is missing");
            if (c == '!')
            {
                TakeTag();
                if (Rest.Length > 0 && Rest[0] is ',' or ']') return FlowValue(); // A tag alone, such as !Presence.
                continue;
            }

            return ReadFlowNode(scope, c);
        }
    }

    private YamlEvent ReadFlowNode(YamlScope scope, char c)
    {
        if (c is '[' or '{')
        {
            if (scope.Kind == YamlScopeKind.FlowMapping && !_flowNeedsValue) throw Problem("a key must be a text");
            return OpenFlow(c == '[' ? YamlScopeKind.FlowSequence : YamlScopeKind.FlowMapping);
        }

        if (c is '&' or '*') throw Problem("anchors and aliases are not read here: write the value out");
        TakeScalar(inFlow: true);
        if (scope.Kind == YamlScopeKind.FlowSequence || _flowNeedsValue) return FlowValue();
        _flowNeedsValue = true; // It was a key: its colon is skipped by the next read.
        var afterKey = Rest.TrimStart(' ');
        if (afterKey.Length > 0 && afterKey[0] == ':') _at = _line.Length - afterKey.Length + 1;
        return YamlEvent.Scalar;
    }

    private YamlEvent FlowValue()
    {
        _flowNeedsValue = false;
        _flowNeedsComma = true;
        return YamlEvent.Scalar;
    }

    private YamlEvent CloseFlow(YamlScope scope, char c)
    {
        if (_flowNeedsValue) return FlowValue();
        if (c != (scope.Kind == YamlScopeKind.FlowSequence ? ']' : '}')) throw Problem($"{c} closes another kind of bracket");
        _at++;
        _scopes.Pop();
        _flowNeedsComma = true; // For the collection around it, if that is a flow collection.
        if (!_scopes.TryPeek(out var outer) || outer.Kind is YamlScopeKind.BlockMapping or YamlScopeKind.BlockSequence) ExpectLineEnd();
        return scope.Kind == YamlScopeKind.FlowSequence ? YamlEvent.SequenceEnd : YamlEvent.MappingEnd;
    }
}
