namespace Mesh.Cni.Plugin;

/// <summary>How the agent answered: an HTTP status with text, or status zero when there was no answer.</summary>
internal readonly record struct AgentReply(int Status, string Text)
{
    public bool IsSuccess => Status == 200;

    /// <summary>Nobody answered at all: then the plugin must decide alone.</summary>
    public bool IsUnreachable => Status == 0;
}
