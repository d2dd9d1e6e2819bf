using System.Net;
using System.Text.Json;
using Mesh.ControlPlane.Authority;
using Mesh.ControlPlane.Publish;
using Mesh.Xds.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Mesh.ControlPlane.Serve;

/// <summary>
/// What one looks at when the mesh is not as expected: the version, the resources, and what each proxy has. From inside the pod, or
/// with the token of an account of the system namespace. Any thread.
/// </summary>
internal sealed class DebugPages(DeltaServer server, MeshState state, CallerReview review, ControlPlaneOptions options, ControlPlaneMetrics metrics)
{
    public void Use(WebApplication app) => app.UseWhen(
        context => !context.Request.IsHttps
            && (context.Request.Path.StartsWithSegments("/debug", StringComparison.Ordinal) || context.Request.Path == "/version"),
        pages => pages.Run(ServeAsync));

    private async Task ServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value;
        if (path == "/version")
        {
            await context.Response.WriteAsync(ProductVersion.Text + "\n", context.RequestAborted);
            return;
        }
        if (!await IsAllowedAsync(context))
        {
            metrics.Refused(options.MonitoringPort, "debug");
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }
        Action<Utf8JsonWriter>? page = path switch
        {
            "/debug/ambientz" => Ambient,
            "/debug/syncz" => Sync,
            "/debug/connections" => Connections,
            _ => null,
        };
        if (page is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync("There are /debug/ambientz, /debug/syncz and /debug/connections.\n", context.RequestAborted);
            return;
        }
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        page(json);
    }

    private async Task<bool> IsAllowedAsync(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is { } peer && IPAddress.IsLoopback(peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer))
            return true;
        var address = context.Connection.RemoteIpAddress?.ToString() ?? "?";
        var answer = await review.FindAsync(context.Request.Headers.Authorization, address, context.RequestAborted);
        return answer.Caller?.Namespace == options.Mesh.SystemNamespace;
    }

    private void Ambient(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        ResourceDump.Write(json, server.Snapshot);
        var findings = state.Findings();
        Write(json, "unsupported", findings, static finding => finding.Unsupported);
        Write(json, "malformed", findings, static finding => finding.Malformed);
        json.WriteEndObject();
    }

    private static void Write(
        Utf8JsonWriter json, string name, IReadOnlyList<PolicyFinding> findings, Func<PolicyFinding, IReadOnlyList<string>> remarksOf)
    {
        json.WriteStartObject(name);
        foreach (var finding in findings)
        {
            if (remarksOf(finding) is not { Count: > 0 } remarks) continue;
            json.WriteStartArray($"{finding.Type.Kind}/{finding.Key}");
            foreach (var remark in remarks) json.WriteStringValue(remark);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private void Sync(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (var stream in server.Streams)
        {
            json.WriteStartObject();
            json.WriteString("proxy", stream.Node);
            json.WriteStartObject("resources");
            foreach (var type in stream.Types)
            {
                json.WriteStartObject(type.TypeUrl);
                json.WriteString("sent", type.Sent);
                json.WriteString("acked", type.Acked);
                json.WriteString("lastError", type.LastError);
                json.WriteBoolean("wildcard", type.Wildcard);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private void Connections(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("totalClients", server.StreamCount);
        json.WriteStartArray("clients");
        foreach (var stream in server.Streams)
        {
            json.WriteStartObject();
            json.WriteString("connectionId", stream.Node);
            json.WriteString("connectedAt", stream.ConnectedAt);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
