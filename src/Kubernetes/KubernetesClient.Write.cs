using System.Text.Json.Nodes;
using Mesh.Kubernetes.Http;

namespace Mesh.Kubernetes;

/// <summary>The writing half of the client.</summary>
public sealed partial class KubernetesClient
{
    public async Task<T> CreateAsync<T>(ResourceType<T> type, T value, CancellationToken stop)
        where T : class, IKubernetesObject => (await TryCreateAsync(type, value, WriteOptions.Default, stop)).Get();

    /// <summary>The error's reason is AlreadyExists when somebody was first.</summary>
    public Task<ApiResult<T>> TryCreateAsync<T>(ResourceType<T> type, T value, WriteOptions options, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        var path = Query(ApiPath.Collection(type, value.Metadata.Namespace), options.FieldManager, options.DryRun).ToString();
        return SendForObjectAsync(new ApiRequest(HttpMethod.Post, path) { Body = ObjectWriter.ForWrite(type, value) }, type, stop);
    }

    public async Task<T> UpdateAsync<T>(ResourceType<T> type, T value, CancellationToken stop)
        where T : class, IKubernetesObject => (await TryUpdateAsync(type, value, WriteOptions.Default, stop)).Get();

    /// <summary>
    /// Replaces the object; the error's reason is Conflict when somebody wrote since it was read. Only for types that keep
    /// every field: a slim record would erase what it does not know.
    /// </summary>
    public Task<ApiResult<T>> TryUpdateAsync<T>(ResourceType<T> type, T value, WriteOptions options, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        if (!type.ReadsWhole)
            throw new ArgumentException($"{type} is read in part; replacing it would erase the rest. Patch or apply it.", nameof(type));
        var path = Query(ApiPath.Object(type, value.Metadata.Key, options.Subresource), options.FieldManager, options.DryRun).ToString();
        return SendForObjectAsync(new ApiRequest(HttpMethod.Put, path) { Body = ObjectWriter.ForWrite(type, value) }, type, stop);
    }

    public async Task<T> PatchAsync<T>(ResourceType<T> type, ObjectKey key, PatchKind kind, JsonNode patch, CancellationToken stop)
        where T : class, IKubernetesObject => (await TryPatchAsync(type, key, kind, patch, WriteOptions.Default, stop)).Get();

    public Task<ApiResult<T>> TryPatchAsync<T>(
        ResourceType<T> type, ObjectKey key, PatchKind kind, JsonNode patch, WriteOptions options, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        var path = Query(ApiPath.Object(type, key, options.Subresource), options.FieldManager, options.DryRun).ToString();
        var request = new ApiRequest(HttpMethod.Patch, path)
        {
            Body = ObjectWriter.Bytes(patch),
            ContentType = kind == PatchKind.Merge ? "application/merge-patch+json" : "application/json-patch+json",
        };
        return SendForObjectAsync(request, type, stop);
    }

    /// <summary>A merge patch of the status subresource.</summary>
    public async Task<T> PatchStatusAsync<T>(ResourceType<T> type, ObjectKey key, JsonNode status, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        var patch = new JsonObject { ["status"] = status.DeepClone() };
        return (await TryPatchAsync(type, key, PatchKind.Merge, patch, WriteOptions.Status, stop)).Get();
    }

    /// <summary>Server-side apply: the fields of <paramref name="value"/>, and only they, become ours. Conflicts are an outcome.</summary>
    public async Task<ApplyOutcome<T>> ApplyAsync<T>(ResourceType<T> type, T value, ApplyOptions options, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        var path = Query(ApiPath.Object(type, value.Metadata.Key, options.Subresource), options.FieldManager, options.DryRun)
            .Add("force", options.Force)
            .ToString();
        var request = new ApiRequest(HttpMethod.Patch, path)
        {
            Body = ObjectWriter.ForApply(type, value),
            ContentType = "application/apply-patch+yaml", // JSON is YAML.
        };
        var result = await SendForObjectAsync(request, type, stop);
        if (result.IsSuccess) return new ApplyOutcome<T>(request.ToString(), result.Value);

        var conflicts = new List<ApplyConflict>();
        foreach (var cause in result.Error.Causes)
        {
            if (cause.Reason == "FieldManagerConflict") conflicts.Add(ApplyConflict.From(cause));
        }

        if (conflicts.Count == 0) throw new ApiException(request.ToString(), result.Error);
        return new ApplyOutcome<T>(request.ToString(), result.Error, conflicts);
    }

    /// <summary>Server-side apply of the status subresource, with its own field manager if given.</summary>
    public Task<ApplyOutcome<T>> ApplyStatusAsync<T>(ResourceType<T> type, T value, ApplyOptions options, CancellationToken stop)
        where T : class, IKubernetesObject => ApplyAsync(type, value, options with { Subresource = "status" }, stop);

    /// <summary>Applies an object of a kind known only by its apiVersion and kind; discovery finds where it lives.</summary>
    public async Task<ApplyOutcome<KubernetesObject>> ApplyAsync(KubernetesObject value, ApplyOptions options, CancellationToken stop)
    {
        if (await Discovery.FindAsync(value.Group, value.Kind, value.Version, stop) is { } type)
            return await ApplyAsync(type, value, options, stop);
        var missing = new ApiError(ApiErrorReason.NotFound, 404, $"The server has no {value.Kind} in {value.ApiVersion}.");
        throw new ApiException($"apply {value}", missing);
    }

    public async Task<DeleteOutcome> DeleteAsync(ResourceType type, ObjectKey key, DeleteOptions options, CancellationToken stop)
    {
        var request = new ApiRequest(HttpMethod.Delete, ApiPath.Object(type, key)) { Body = ObjectWriter.Bytes(DeleteBody(options)) };
        var result = await SendForJsonAsync(request, Json.KubernetesJson.Default.KubernetesObject, stop);
        if (result.Error?.Reason == ApiErrorReason.NotFound) return DeleteOutcome.NotFound;
        if (result.Error?.Reason == ApiErrorReason.Conflict) return DeleteOutcome.PreconditionFailed;
        // The answer is a Status once the object is gone, else the object itself with its deletion time.
        return result.Get().Kind == "Status" || !result.Get().Metadata.IsBeingDeleted ? DeleteOutcome.Deleted : DeleteOutcome.Pending;
    }

    /// <summary>Deletes everything that the selectors match, in one namespace or all.</summary>
    public async Task DeleteCollectionAsync(ResourceType type, ListOptions which, DeleteOptions options, CancellationToken stop)
    {
        var path = new QueryText(ApiPath.Collection(type, which.Namespace))
            .Add("labelSelector", which.LabelSelector)
            .Add("fieldSelector", which.FieldSelector)
            .ToString();
        var request = new ApiRequest(HttpMethod.Delete, path) { Body = ObjectWriter.Bytes(DeleteBody(options)) };
        (await _transport.SendAsync(request, ReadTextAsync, stop)).Get();
    }

    private QueryText Query(string path, string? fieldManager, bool dryRun) => new QueryText(path)
        .Add("fieldManager", fieldManager ?? Options.FieldManager)
        .Add("dryRun", dryRun ? "All" : null);

    private static JsonObject DeleteBody(DeleteOptions options)
    {
        var body = new JsonObject
        {
            ["kind"] = "DeleteOptions",
            ["apiVersion"] = "v1",
            ["propagationPolicy"] = options.Propagation switch
            {
                DeletePropagation.Background => "Background",
                DeletePropagation.Foreground => "Foreground",
                DeletePropagation.Orphan => "Orphan",
            },
        };
        if (options.GracePeriod is { } grace) body["gracePeriodSeconds"] = (long)grace.TotalSeconds;
        if (options.DryRun) body["dryRun"] = new JsonArray("All");
        if (options.Uid is null && options.ResourceVersion is null) return body;
        var preconditions = new JsonObject();
        if (options.Uid is not null) preconditions["uid"] = options.Uid;
        if (options.ResourceVersion is not null) preconditions["resourceVersion"] = options.ResourceVersion;
        body["preconditions"] = preconditions;
        return body;
    }
}
