using System.Text.Json;
using System.Text.Json.Nodes;
using Mesh.Kubernetes;
using Mesh.Operator.Api;
using Mesh.Operator.Status;
using Microsoft.Extensions.Logging;

namespace Mesh.Operator.Install;

/// <summary>Writes a status only where it differs from the one that is there, and tells of the transition.</summary>
internal sealed class StatusWriter(KubernetesClient kubernetes, MeshEvents events, OperatorMetrics metrics, ILogger log)
{
    private const string FieldManager = "mesh-operator-status";
    private static readonly WriteOptions s_write = new() { FieldManager = FieldManager, Subresource = "status" };

    /// <summary>The status as it stands now. An object that is gone or newer than ours is left alone: its change wakes us again.</summary>
    public async Task<MeshInstallStatus> WriteAsync(MeshInstall mesh, StatusInput input, CancellationToken stop)
    {
        var after = MeshStatus.From(input);
        if (mesh.Metadata.Name == MeshInstall.SingletonName) metrics.Show(after);
        var (was, now) = (Json(mesh.Status), Json(after));
        if (JsonNode.DeepEquals(was, now)) return after;
        // Replaces the whole, so that what left a list or a map is gone; the version makes us lose against a newer writer.
        var patch = new JsonArray(
            new JsonObject { ["op"] = "replace", ["path"] = "/metadata/resourceVersion", ["value"] = mesh.Metadata.ResourceVersion },
            new JsonObject { ["op"] = "add", ["path"] = "/status", ["value"] = now });
        var written = await kubernetes.TryPatchAsync(MeshInstall.Resource, mesh.Metadata.Key, PatchKind.Json, patch, s_write, stop);
        if (written.Error?.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict)
        {
            log.LogDebug("status of {Name} was not written: {Problem}", mesh.Metadata.Name, written.Error.ToString());
            return after;
        }
        written.Get();
        foreach (var news in Transition.Between(mesh.Status, after)) await events.PublishAsync(mesh, news, stop);
        return after;
    }

    private static JsonObject Json(MeshInstallStatus status) =>
        JsonSerializer.SerializeToNode(status, MeshJson.Default.MeshInstallStatus)!.AsObject();
}
