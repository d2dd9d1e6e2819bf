using System.Net.Sockets;
using Mesh.Model;
using Mesh.Xds.Grpc;
using Mesh.Xds.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>Our discovery server over cleartext HTTP/2, on sockets that may stand in other namespaces; publishes what the test says.</summary>
internal sealed class TestControlPlane : IAsyncDisposable
{
    private readonly DeltaServer _server = new(new DeltaServerOptions(), static _ => { }, TimeProvider.System, new Random(1));
    private readonly WebApplication _app;

    public TestControlPlane(IEnumerable<Socket> listeners)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, null).ConfigureKestrel(kestrel =>
        {
            foreach (var listener in listeners)
                kestrel.ListenHandle((ulong)listener.Handle, static on => on.Protocols = HttpProtocols.Http2);
        });
        _app = builder.Build();
        _app.Run(ServeAsync);
    }

    /// <summary>Streams that proxies have open now.</summary>
    public IReadOnlyList<DeltaStreamStatus> Streams => _server.Streams;

    public Task StartAsync() => _app.StartAsync();

    public void Publish(params object[] resources) => Apply(
        resources.Select(static resource => resource switch
        {
            Workload workload => Resource.From(workload),
            Service service => Resource.From(service),
            AuthorizationPolicy policy => Resource.From(policy),
            _ => throw new ArgumentException(resource.ToString()),
        }),
        [],
        []);

    public void RemoveAddress(string name) => Apply([], [name], []);

    public void RemovePolicy(string key) => Apply([], [], [key]);

    /// <summary>Ends all streams, as servers do now and then; the proxies come back.</summary>
    public void EndStreams() => _server.Drain(TimeSpan.Zero);

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }

    private void Apply(IEnumerable<Resource> updates, string[] removedAddresses, string[] removedPolicies)
    {
        var (next, changes) = _server.Snapshot.Apply(updates, removedAddresses, removedPolicies);
        _server.Publish(next, changes);
    }

    private async Task ServeAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        try
        {
            var status = await _server.ServeAsync(context.Request.Body, context.Response.BodyWriter, peer: null, context.RequestAborted);
            context.Response.AppendTrailer("grpc-status", status.CodeText);
        }
        catch (Exception gone) when (context.RequestAborted.IsCancellationRequested || gone is IOException) { } // The proxy went away.
    }
}
