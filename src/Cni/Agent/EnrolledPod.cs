using System.Net;
using Mesh.Cni.Redirect;
using Mesh.Inpod;
using Mesh.Kubernetes;
using Mesh.Linux.Namespaces;

namespace Mesh.Cni.Agent;

/// <summary>One pod this node has in hand. Whoever holds its gate may change it; the table owns it and its namespace.</summary>
internal sealed class EnrolledPod(string uid) : IDisposable
{
    public string Uid { get; } = uid;

    public SemaphoreSlim Gate { get; } = new(1, 1);

    public ObjectKey Key { get; set; }

    public PodInfo? Info { get; set; }

    public NetworkNamespace? Namespace { get; set; }

    public RedirectSettings? Settings { get; set; }

    public IReadOnlyList<IPAddress> Addresses { get; set; } = [];

    /// <summary>ztunnel must know it: it is in every snapshot from now on.</summary>
    public bool IsPublished { get; set; }

    /// <summary>ztunnel said that it serves it.</summary>
    public bool IsAcked { get; set; }

    /// <summary>Out of the table: whoever waited for the gate must look again.</summary>
    public bool IsGone { get; set; }

    public void Dispose()
    {
        Namespace?.Dispose();
        Namespace = null;
    }
}
