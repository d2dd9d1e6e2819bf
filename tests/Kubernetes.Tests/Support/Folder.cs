namespace Mesh.Kubernetes.Tests.Support;

/// <summary>A folder that goes with its test.</summary>
internal sealed class Folder : IDisposable
{
    public Folder() => Path = Directory.CreateTempSubdirectory("mesh-kube-").FullName;

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
