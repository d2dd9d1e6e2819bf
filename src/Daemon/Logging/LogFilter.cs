using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace Mesh.Daemon.Logging;

/// <summary>Which levels are written, per scope: `info,access=warn`. A scope takes the longest matching prefix. Immutable.</summary>
public sealed class LogFilter
{
    /// <summary>More directives than this are refused: the text may come from a network peer.</summary>
    public const int MaxDirectives = 64;

    private readonly LogLevel _default;
    private readonly IReadOnlyList<KeyValuePair<string, LogLevel>> _scopes;

    private LogFilter(LogLevel @default, IReadOnlyList<KeyValuePair<string, LogLevel>> scopes, string text)
    {
        (_default, _scopes, Text) = (@default, scopes, text);
    }

    public static LogFilter Information { get; } = new(LogLevel.Information, [], "info");

    /// <summary>The filter as it was given.</summary>
    public string Text { get; }

    /// <summary>Reads a comma list of `level` and `scope=level`; says in <paramref name="problem"/> what is wrong with it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out LogFilter? filter, out string problem)
    {
        filter = null;
        var fallback = LogLevel.Information;
        var scopes = new List<KeyValuePair<string, LogLevel>>();
        foreach (var directive in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (scopes.Count == MaxDirectives)
            {
                problem = $"more than {MaxDirectives} log directives";
                return false;
            }
            var equals = directive.IndexOf('=', StringComparison.Ordinal);
            var levelName = equals < 0 ? directive : directive[(equals + 1)..];
            if (!TryParseLevel(levelName.Trim(), out var level))
            {
                problem = $"'{levelName.Trim()}' is not a log level; use trace, debug, info, warn, error or off";
                return false;
            }
            if (equals < 0) fallback = level;
            else scopes.Add(new(directive[..equals].Trim().Replace("::", ".", StringComparison.Ordinal), level));
        }
        problem = "";
        filter = new LogFilter(fallback, scopes, text);
        return true;
    }

    /// <summary>The lowest level that is written for a scope.</summary>
    public LogLevel MinimumFor(string scope)
    {
        var (best, bestLength) = (_default, -1);
        foreach (var (prefix, level) in _scopes)
        {
            // Later directives win among equals, as in RUST_LOG.
            if (prefix.Length >= bestLength && Covers(prefix, scope)) (best, bestLength) = (level, prefix.Length);
        }
        return best;
    }

    private static bool Covers(string prefix, string scope) =>
        scope.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && (scope.Length == prefix.Length || scope[prefix.Length] == '.');

    private static bool TryParseLevel(string text, out LogLevel level)
    {
        LogLevel? found = text.ToUpperInvariant() switch
        {
            "TRACE" => LogLevel.Trace,
            "DEBUG" => LogLevel.Debug,
            "INFO" => LogLevel.Information,
            "WARN" or "WARNING" => LogLevel.Warning,
            "ERROR" => LogLevel.Error,
            "OFF" or "NONE" => LogLevel.None,
            _ => null,
        };
        level = found ?? LogLevel.None;
        return found is not null;
    }
}
