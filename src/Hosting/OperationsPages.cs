using System.Text;
using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Mesh.Hosting;

/// <summary>Health, metrics and log level on the operations ports, and on no other port of the program.</summary>
public static class OperationsPages
{
    private const int LevelBytesMax = 4096;

    /// <summary>
    /// Maps `/healthz`, `/readyz` (and `/ready`, as upstream calls it), `/metrics` and `/logging` (PUT a filter). Metrics are those of
    /// <paramref name="telemetry"/> and, where given, those of a <see cref="Metrics"/> registry.
    /// </summary>
    public static void UseOperationsPages(
        this WebApplication app, MeshHostOptions options, Readiness readiness, Telemetry telemetry, Log log, Metrics? registry = null)
    {
        app.UseWhen(
            context => IsOperations(context, options),
            pages => pages.Run(context => context.Request.Path.Value switch
            {
                "/healthz" => TextAsync(context, 200, "ok\n"),
                "/readyz" or "/ready" => TextAsync(context, readiness.IsReady ? 200 : 503, readiness.Describe() + "\n"),
                "/metrics" or "/stats/prometheus" => MetricsAsync(context, telemetry, registry),
                "/logging" => LoggingAsync(context, log),
                _ => TextAsync(context, 404, "not found\n"),
            }));
    }

    private static bool IsOperations(HttpContext context, MeshHostOptions options)
    {
        // Port 0 stands for whatever the system chose: then every plain connection is one of ours.
        var port = context.Connection.LocalPort;
        return options.OperationsPorts.Contains(port) || (options.OperationsPorts.Contains(0) && !context.Request.IsHttps);
    }

    private static Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static async Task MetricsAsync(HttpContext context, Telemetry telemetry, Metrics? registry)
    {
        var exposition = Exposition.For(context.Request.Headers.Accept.ToString());
        telemetry.WriteTo(exposition);
        registry?.WriteTo(exposition);
        var bytes = exposition.Finish();
        context.Response.ContentType = exposition.ContentType;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    private static async Task LoggingAsync(HttpContext context, Log log)
    {
        if (HttpMethods.IsPut(context.Request.Method))
        {
            // Whoever may change what is logged could blind an investigation: only from inside the pod.
            if (context.Connection.RemoteIpAddress is not { } peer || !System.Net.IPAddress.IsLoopback(peer))
            {
                await TextAsync(context, 403, "the log filter can only be changed from inside the pod\n");
                return;
            }
            if (context.Request.ContentLength is null or > LevelBytesMax)
            {
                await TextAsync(context, 413, $"send a filter of at most {LevelBytesMax} bytes with its length\n");
                return;
            }
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            if (!LogFilter.TryParse((await reader.ReadToEndAsync(context.RequestAborted)).Trim(), out var filter, out var problem))
            {
                await TextAsync(context, 400, problem + "\n");
                return;
            }
            log.Filter = filter;
        }
        await TextAsync(context, 200, log.Filter.Text + "\n");
    }
}
