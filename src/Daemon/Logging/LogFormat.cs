namespace Mesh.Daemon.Logging;

/// <summary>How a log line looks.</summary>
public enum LogFormat
{
    /// <summary>`time level scope message k=v …`, separated by tabs.</summary>
    Plain,

    /// <summary>One JSON object per line.</summary>
    Json,
}
