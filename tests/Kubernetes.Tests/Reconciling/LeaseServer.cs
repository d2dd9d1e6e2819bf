using System.Globalization;
using System.Text.Json.Nodes;
using Mesh.Kubernetes.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Mesh.Kubernetes.Tests.Reconciling;

/// <summary>The part of an API server that a lease needs: create once, read, patch under a resource version. May be away or slow.</summary>
internal sealed class LeaseServer
{
    private readonly Lock _guard = new();
    private JsonObject? _lease;
    private int _version;

    public volatile bool Away;

    /// <summary>Accepts requests and never answers.</summary>
    public volatile bool Hung;

    public string? Holder
    {
        get
        {
            lock (_guard) return (string?)_lease?["spec"]?["holderIdentity"];
        }
    }

    public int Transitions
    {
        get
        {
            lock (_guard) return (int?)_lease?["spec"]?["leaseTransitions"] ?? 0;
        }
    }

    public string? RenewTime
    {
        get
        {
            lock (_guard) return (string?)_lease?["spec"]?["renewTime"];
        }
    }

    public void Seed(string holder, string renewTime)
    {
        lock (_guard)
        {
            Store(new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "leader", ["namespace"] = "mesh" },
                ["spec"] = new JsonObject { ["holderIdentity"] = holder, ["leaseDurationSeconds"] = 15, ["renewTime"] = renewTime },
            });
        }
    }

    public async Task AnswerAsync(Seen request, HttpResponse response)
    {
        if (Hung) await Task.Delay(Timeout.InfiniteTimeSpan, response.HttpContext.RequestAborted);
        var (code, body) = Away ? (503, """{"kind":"Status","message":"away"}""") : Answer(request);
        await response.JsonAsync(body, code);
    }

    private (int Code, string Body) Answer(Seen request)
    {
        lock (_guard)
        {
            switch (request.Method)
            {
                case "GET" when _lease is null: return (404, """{"kind":"Status","reason":"NotFound","code":404}""");
                case "GET": return (200, _lease.ToJsonString());
                case "POST" when _lease is not null: return (409, """{"kind":"Status","reason":"AlreadyExists","code":409}""");
                case "POST": return (201, Store(request.Json));
                case "PATCH" when (string?)request.Json["metadata"]!["resourceVersion"] != $"{_version}":
                    return (409, """{"kind":"Status","reason":"Conflict","code":409}""");
                case "PATCH":
                    var lease = (JsonObject)_lease!.DeepClone();
                    foreach (var (name, value) in (JsonObject)request.Json["spec"]!) lease["spec"]![name] = value?.DeepClone();
                    return (200, Store(lease));
                default: return (405, "{}");
            }
        }
    }

    private string Store(JsonObject lease)
    {
        _lease = (JsonObject)lease.DeepClone();
        _lease["metadata"]!["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
        return _lease.ToJsonString();
    }
}
