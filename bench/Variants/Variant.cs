using System.Diagnostics;

namespace Mesh.Bench.Variants;

/// <summary>One thing that can stand in the path: what it starts, and which of its processes carry which port.</summary>
internal abstract class Variant(string name) : IDisposable
{
    public string Name { get; } = name;

    /// <summary>Client side first.</summary>
    public List<Process> HttpPath { get; } = [];
    public List<Process> BulkPath { get; } = [];

    /// <summary>Descriptors that one process holds per connection; bounds how many connections can be tried.</summary>
    public virtual int FilesPerConnection => 2;

    public bool IsProxy => HttpPath.Count > 0;

    public abstract void Start(Site site);

    public void Dispose()
    {
        Site.Redirect();
        foreach (var process in HttpPath.Union(BulkPath)) Site.Kill(process);
    }
}
