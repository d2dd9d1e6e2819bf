using Microsoft.Extensions.Logging;

namespace Mesh.Daemon.Logging;

/// <summary>A named part of the log. The level check is one read; a line that is not wanted costs nothing else. Any thread.</summary>
public sealed class LogScope : ILogger
{
    private const string TemplateKey = "{OriginalFormat}";
    private readonly Log _log;
    private volatile int _minimum;

    internal LogScope(Log log, string name)
    {
        (_log, Name) = (log, name);
    }

    public string Name { get; }

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => (int)logLevel >= _minimum && logLevel != LogLevel.None;

    /// <summary>Begins a line of fields; where the level is off the line swallows them.</summary>
    public LogLine Begin(LogLevel level, ReadOnlySpan<char> message) =>
        IsEnabled(level) ? new(_log, level, Name, message, _log.Time.GetUtcNow()) : default;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        var line = Begin(logLevel, formatter(state, exception));
        if (state is IReadOnlyList<KeyValuePair<string, object?>> fields) WriteFields(ref line, fields);
        if (exception is not null) line.Text("error", exception.ToString());
        line.End();
    }

    internal void Apply(LogFilter filter) => _minimum = (int)filter.MinimumFor(Name);

    private void WriteFields(ref LogLine line, IReadOnlyList<KeyValuePair<string, object?>> fields)
    {
        var template = fields.Count > 0 && fields[^1] is { Key: TemplateKey, Value: string text } ? text : "";
        foreach (var (name, value) in fields)
        {
            if (name == TemplateKey || value is null) continue;
            // A person has read the value in the message already; a program reads the field.
            if (_log.Format == LogFormat.Plain && template.Contains($"{{{name}", StringComparison.Ordinal)) continue;
            switch (value)
            {
                case long or int or short or byte or uint or ushort or sbyte:
                    line.Number(name, Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                    break;
                case string quoted:
                    line.Text(name, quoted);
                    break;
                default:
                    line.Bare(name, (value.ToString() ?? "").AsSpan());
                    break;
            }
        }
    }
}
