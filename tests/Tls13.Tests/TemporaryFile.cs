namespace Mesh.Tls13.Tests;

/// <summary>A text for a program that reads files only.</summary>
internal sealed class TemporaryFile : IAsyncDisposable
{
    public TemporaryFile(string text) => File.WriteAllText(Path, text);

    public string Path { get; } = System.IO.Path.GetTempFileName();

    public ValueTask DisposeAsync()
    {
        File.Delete(Path);
        return ValueTask.CompletedTask;
    }
}
