using System.Text;

namespace Mesh.Ztunnel.Yaml;

/// <summary>
/// A pull reader for the YAML that configuration files use: block and flow collections, plain and quoted scalars on one line, local tags,
/// comments, and JSON. Anchors, aliases, block scalars and several documents are refused by name. Allocates nothing per event. One thread.
/// </summary>
internal sealed partial class YamlReader(Stream stream)
{
    private const int DepthMax = 32;
    private readonly LineSource _lines = new(stream);
    private readonly Stack<YamlScope> _scopes = new();
    private ReadOnlyMemory<char> _line;
    private ReadOnlyMemory<char> _text;
    private StringBuilder? _unescaped;
    private int _at;
    private bool _needsNode = true;
    private bool _isLineStart;
    private bool _ended;

    /// <summary>The scalar; valid until the next read.</summary>
    public ReadOnlySpan<char> Text => _text.Span;

    public bool IsQuoted { get; private set; }

    /// <summary>Name of the tag before the scalar or collection, without its exclamation mark; empty without one.</summary>
    public string Tag { get; private set; } = "";

    public int Line => _lines.Number;

    public bool IsNull => !IsQuoted && (Text.Length == 0 || Text is "~" or "null");

    /// <summary>The next event.</summary>
    public YamlEvent Read()
    {
        Tag = "";
        IsQuoted = false;
        _text = default;
        while (true)
        {
            if (_scopes.TryPeek(out var scope) && scope.Kind is YamlScopeKind.FlowMapping or YamlScopeKind.FlowSequence) return ReadFlow(scope);
            if (_needsNode) return ReadNode();
            if (ReadBlock() is { } found) return found;
        }
    }

    public YamlException Problem(string text) => new(Line, text);

    private int Indent => _scopes.TryPeek(out var scope) ? scope.Indent : -1;

    /// <summary>A node is due: on the rest of this line, or below it.</summary>
    private YamlEvent ReadNode()
    {
        if (SkipToContent())
        {
            // Rest of the line.
        }
        else if (!LoadLine())
        {
            _needsNode = false;
            return _scopes.Count == 0 && Tag.Length == 0 ? YamlEvent.End : YamlEvent.Scalar; // A key at the very end has a null.
        }

        var content = Rest;
        if (_isLineStart)
        {
            var isSequenceOfMapping = _at == Indent && IsDash(content) && _scopes.TryPeek(out var top) && top.Kind == YamlScopeKind.BlockMapping;
            if (_at <= Indent && !isSequenceOfMapping)
            {
                _needsNode = false;
                return YamlEvent.Scalar; // Nothing below: null.
            }
        }

        if (content[0] == '!')
        {
            TakeTag();
            return ReadNode();
        }

        return content[0] switch
        {
            '[' => OpenFlow(YamlScopeKind.FlowSequence),
            '{' => OpenFlow(YamlScopeKind.FlowMapping),
            '&' or '*' => throw Problem("anchors and aliases are not read here: write the value out"),
            '|' or '>' => throw Problem("block scalars are not read here: write the text in double quotes, on one line"),
            '%' or '@' or '`' => throw Problem($"a plain text cannot begin with {content[0]}: quote it"),
            _ => OpenBlockOrScalar(content),
        };
    }

    private YamlEvent OpenBlockOrScalar(ReadOnlySpan<char> content)
    {
        if (_isLineStart && IsDash(content)) return Open(YamlScopeKind.BlockSequence, _at);
        if (_isLineStart && FindKeyEnd(content) >= 0) return Open(YamlScopeKind.BlockMapping, _at);
        TakeScalar(inFlow: false);
        ExpectLineEnd();
        _needsNode = false;
        return YamlEvent.Scalar;
    }

    /// <summary>The next entry of an open block collection, or its end.</summary>
    private YamlEvent? ReadBlock()
    {
        var hasLine = SkipToContent() || LoadLine();
        if (!_scopes.TryPeek(out var scope))
        {
            return hasLine ? throw Problem("there is text after the end of the document") : YamlEvent.End;
        }

        var isSequence = scope.Kind == YamlScopeKind.BlockSequence;
        if (!hasLine || _at < scope.Indent || (isSequence && _at == scope.Indent && !IsDash(Rest)))
        {
            _scopes.Pop();
            return isSequence ? YamlEvent.SequenceEnd : YamlEvent.MappingEnd;
        }

        if (_at > scope.Indent) throw Problem("the indentation fits no open list or mapping");
        _needsNode = true;
        if (isSequence)
        {
            _at++; // The dash; what follows on the line may be a collection of its own.
            _isLineStart = true;
            return null;
        }

        if (IsDash(Rest)) throw Problem("a list entry stands where a key is expected");
        if (FindKeyEnd(Rest) < 0) throw Problem("a key and a colon are expected");
        TakeKey();
        return YamlEvent.Scalar;
    }

    private void TakeKey()
    {
        var end = FindKeyEnd(Rest);
        if (Rest[0] is '"' or '\'') TakeQuoted();
        else
        {
            _text = _line.Slice(_at, end).TrimEnd();
            _at += end;
        }

        SkipSpaces();
        _at++; // The colon.
        _isLineStart = false;
    }

    private YamlEvent Open(YamlScopeKind kind, int indent)
    {
        if (_scopes.Count >= DepthMax) throw Problem($"more than {DepthMax} collections inside each other");
        _scopes.Push(new YamlScope(kind, indent));
        _needsNode = false;
        return kind is YamlScopeKind.BlockSequence or YamlScopeKind.FlowSequence ? YamlEvent.SequenceStart : YamlEvent.MappingStart;
    }

    private void TakeTag()
    {
        var rest = Rest;
        var end = rest.IndexOfAny(' ', ',', ']');
        if (end < 0) end = rest.Length;
        Tag = rest[1..end].ToString();
        _at += end;
        _isLineStart = false;
    }
}
