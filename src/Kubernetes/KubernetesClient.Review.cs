using System.Text.Json.Nodes;
using Mesh.Kubernetes.Http;
using Mesh.Kubernetes.Json;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Reviews;

namespace Mesh.Kubernetes;

/// <summary>Questions to the server's authenticators and authorizers.</summary>
public sealed partial class KubernetesClient
{
    /// <summary>Whose token this is; a bad token is an answer, a server that cannot say is an error.</summary>
    public async Task<ApiResult<TokenReviewResult>> TryReviewTokenAsync(
        string token, IReadOnlyList<string> audiences, CancellationToken stop)
    {
        var spec = new JsonObject { ["token"] = token };
        if (audiences.Count > 0) spec["audiences"] = Array(audiences);
        var asked = await ReviewAsync("authentication.k8s.io", "TokenReview", "tokenreviews", spec, stop);
        if (!asked.IsSuccess) return asked.As<TokenReviewResult>();
        var status = asked.Value.Status ?? new ReviewStatus();
        return new ApiResult<TokenReviewResult>(new TokenReviewResult
        {
            // A server that ignores audiences would vouch for a token made for somebody else.
            Authenticated = status.Authenticated && (audiences.Count == 0 || (status.Audiences ?? []).Any(audiences.Contains)),
            User = status.User?.Username ?? "",
            Uid = status.User?.Uid ?? "",
            Groups = status.User?.Groups ?? [],
            Extra = status.User?.Extra ?? new Dictionary<string, string[]>(StringComparer.Ordinal),
            Audiences = status.Audiences ?? [],
            Error = status.Error ?? (status.Authenticated ? "The token is for another audience." : ""),
        });
    }

    /// <summary>May this user do that?</summary>
    public Task<ApiResult<AccessDecision>> TryReviewAccessAsync(
        string user, IReadOnlyList<string> groups, AccessRequest request, CancellationToken stop)
    {
        var spec = new JsonObject { ["user"] = user, ["groups"] = Array(groups) };
        return DecideAsync("SubjectAccessReview", "subjectaccessreviews", spec, request, stop);
    }

    /// <summary>May we do that?</summary>
    public Task<ApiResult<AccessDecision>> TryReviewOwnAccessAsync(AccessRequest request, CancellationToken stop) =>
        DecideAsync("SelfSubjectAccessReview", "selfsubjectaccessreviews", [], request, stop);

    /// <summary>A token for a service account, for the given audiences; ten minutes is the shortest the server issues.</summary>
    public async Task<ApiResult<string>> TryRequestTokenAsync(
        ObjectKey serviceAccount, IReadOnlyList<string> audiences, TimeSpan lifetime, CancellationToken stop)
    {
        var spec = new JsonObject { ["audiences"] = Array(audiences), ["expirationSeconds"] = (long)lifetime.TotalSeconds };
        var body = new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = spec };
        var request = new ApiRequest(HttpMethod.Post, ApiPath.Object(ServiceAccount.Resource, serviceAccount, "token"))
        {
            Body = ObjectWriter.Bytes(body),
        };
        var asked = await SendForJsonAsync(request, KubernetesJson.Default.TokenRequest, stop);
        if (!asked.IsSuccess) return asked.As<string>();
        return asked.Value.Status?.Token is { Length: > 0 } token
            ? new ApiResult<string>(token)
            : new ApiResult<string>(request.ToString(), new ApiError(ApiErrorReason.Malformed, 0, "The server issued no token."));
    }

    private async Task<ApiResult<AccessDecision>> DecideAsync(
        string kind, string plural, JsonObject spec, AccessRequest request, CancellationToken stop)
    {
        var attributes = new JsonObject { ["verb"] = request.Verb, ["group"] = request.Group, ["resource"] = request.Plural };
        if (request.Subresource is not null) attributes["subresource"] = request.Subresource;
        if (!string.IsNullOrEmpty(request.Namespace)) attributes["namespace"] = request.Namespace;
        if (request.Name is not null) attributes["name"] = request.Name;
        spec["resourceAttributes"] = attributes;
        var asked = await ReviewAsync("authorization.k8s.io", kind, plural, spec, stop);
        if (!asked.IsSuccess) return asked.As<AccessDecision>();
        var status = asked.Value.Status ?? new ReviewStatus();
        var reason = status.Reason is { Length: > 0 } said ? said : status.EvaluationError ?? "";
        return new ApiResult<AccessDecision>(new AccessDecision(status.Allowed && !status.Denied, reason));
    }

    private Task<ApiResult<Review>> ReviewAsync(string group, string kind, string plural, JsonObject spec, CancellationToken stop)
    {
        var body = new JsonObject { ["apiVersion"] = group + "/v1", ["kind"] = kind, ["spec"] = spec };
        var request = new ApiRequest(HttpMethod.Post, $"/apis/{group}/v1/{plural}") { Body = ObjectWriter.Bytes(body) };
        return SendForJsonAsync(request, KubernetesJson.Default.Review, stop);
    }

    private static JsonArray Array(IReadOnlyList<string> texts)
    {
        var array = new JsonArray();
        foreach (var text in texts) array.Add((JsonNode)text);
        return array;
    }
}
