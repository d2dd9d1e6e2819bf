using Mesh.Kubernetes.Events;
using Mesh.Operator.Api;

namespace Mesh.Operator.Status;

/// <summary>Tells people about a MeshInstall, once per transition.</summary>
internal sealed class MeshEvents(EventRecorder recorder)
{
    public const string Controller = "install.mesh.dev/operator";

    public Task PublishAsync(MeshInstall about, Transition news, CancellationToken stop) => recorder.RecordAsync(
        MeshInstall.Resource, about, news.IsWarning ? EventKind.Warning : EventKind.Normal, news.Reason, "Reconcile", news.Note, stop);
}
