using Mesh.Kubernetes;
using Mesh.Operator.Rendering;
using Microsoft.Extensions.Logging;

namespace Mesh.Operator.Install;

/// <summary>
/// Brings one object to what we want by server-side apply, and writes nothing where nothing differs: what is there is compared first,
/// then a dry run, and only a real difference is sent. Thread-safe.
/// </summary>
internal sealed class ObjectApplier(KubernetesClient kubernetes, OperatorMetrics metrics, ILogger log)
{
    public const string FieldManager = "mesh-operator";
    private static readonly ApplyOptions s_apply = new() { FieldManager = FieldManager, Force = true };

    public async Task<Applied> EnsureAsync(RenderedObject rendered, string driftPolicy, CancellationToken stop)
    {
        var wanted = rendered.Object;
        var live = await FindAsync(wanted, stop);
        if (live is null) return await WriteAsync(wanted, ApplyAction.Created, stop);
        if (live.Metadata.IsBeingDeleted) return new(ApplyAction.Terminating, live);
        if (Difference.Contains(live.Json, wanted.Json)) return new(ApplyAction.InSync, live);

        var isDrift = live.Metadata.Annotations.Find(MeshRenderer.DigestAnnotation)
            == wanted.Metadata.Annotations.Find(MeshRenderer.DigestAnnotation);
        var preview = (await kubernetes.ApplyAsync(wanted, s_apply with { DryRun = true }, stop)).Get();
        if (Difference.SameButForTheServer(live.Json, preview.Json)) return new(ApplyAction.InSync, live);
        if (!isDrift) return await WriteAsync(wanted, ApplyAction.Updated, stop);
        metrics.Drifted(wanted.Kind);
        return driftPolicy == "Correct"
            ? await WriteAsync(wanted, ApplyAction.Corrected, stop)
            : new(ApplyAction.LeftDrifted, live);
    }

    /// <summary>The object as the server has it, of a kind that discovery finds.</summary>
    public async Task<KubernetesObject?> FindAsync(KubernetesObject wanted, CancellationToken stop)
    {
        var type = await TypeOfAsync(wanted, stop);
        return await kubernetes.FindAsync(type, wanted.Metadata.Key, stop);
    }

    public async Task<ResourceType<KubernetesObject>> TypeOfAsync(KubernetesObject wanted, CancellationToken stop) =>
        await kubernetes.Discovery.FindAsync(wanted.Group, wanted.Kind, wanted.Version, stop)
        ?? throw new ApiException(
            $"find {wanted}", new ApiError(ApiErrorReason.NotFound, 404, $"the server has no {wanted.Kind} in {wanted.ApiVersion}"));

    private async Task<Applied> WriteAsync(KubernetesObject wanted, ApplyAction action, CancellationToken stop)
    {
        var applied = (await kubernetes.ApplyAsync(wanted, s_apply, stop)).Get();
        metrics.Applied(wanted.Kind, action);
        log.LogInformation("{Action} {Kind} {Key}", action, wanted.Kind, wanted.Metadata.Key);
        return new(action, applied);
    }
}
