using Mesh.Daemon.Admin;
using Mesh.Daemon.Logging;

namespace Mesh.Ztunnel.Admin;

/// <summary>
/// The <c>/logging</c> page: shows the levels in use and changes them. One level replaces all; <c>scope:level</c> (or <c>scope=level</c>)
/// changes that scope and leaves the others.
/// </summary>
internal static class LoggingPage
{
    public static AdminResponse Show(Log log) => AdminResponse.Text($"current log level is {log.Filter.Text}\n");

    public static AdminResponse Change(Log log, AdminRequest request)
    {
        // A word without a value resets too; "reset=false" is how a tool says no.
        if (request.Query.TryGetValue("reset", out var reset) && !reset.Equals("false", StringComparison.OrdinalIgnoreCase)) log.Filter = log.FirstFilter;
        if (!request.Query.TryGetValue("level", out var level) || level.Length == 0) return Show(log);
        if (!LogFilter.TryParse(Merge(log.Filter.Text, level), out var filter, out var problem)) return AdminResponse.Text($"{problem}\n", 400);
        log.Filter = filter;
        return Show(log);
    }

    /// <summary>The wanted directives over those in use, each scope once.</summary>
    internal static string Merge(string current, string wanted)
    {
        var asked = Split(wanted).Select(WithEquals).ToList();
        var isForAll = asked.Exists(static directive => !directive.Contains('=', StringComparison.Ordinal));
        var kept = isForAll ? [] : Split(current).Where(old => !asked.Exists(directive => ScopeOf(directive) == ScopeOf(old)));
        return string.Join(',', [.. kept, .. asked]);
    }

    private static string[] Split(string directives) =>
        directives.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A single colon stands between a scope and its level; two are part of a scope's name.</summary>
    private static string WithEquals(string directive)
    {
        if (directive.Contains('=', StringComparison.Ordinal)) return directive;
        var colon = directive.LastIndexOf(':');
        return colon <= 0 || directive[colon - 1] == ':' ? directive : $"{directive[..colon]}={directive[(colon + 1)..]}";
    }

    private static string ScopeOf(string directive)
    {
        var equals = directive.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? "" : directive[..equals].Trim().Replace("::", ".", StringComparison.Ordinal);
    }
}
