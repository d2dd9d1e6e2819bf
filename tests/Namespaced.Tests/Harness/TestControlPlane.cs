using System.Net;
using Mesh.Linux.Namespaces;
using Mesh.Model;
using Mesh.Xds.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Mesh.Namespaced.Tests.Harness;

/// <summary>Our delta xDS server in clear text on a loopback port inside each namespace. Publishing: any thread.</summary>
internal sealed class TestControlPlane : IAsyncDisposable
{
    public const int Port = 15012;
    private readonly DeltaServer _server = new(new DeltaServerOptions(), static _ => { }, TimeProvider.System, new Random(1));
    private readonly List<WebApplication> _listening = [];
    private readonly Lock _gate = new();

    public int Pushes { get; private set; }

    public async Task ListenInsideAsync(NetworkNamespace inside)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint => inside.Run(() =>
        {
            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            socket.Bind(endpoint);
            return socket;
        }));
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, Port, static listen => listen.Protocols = HttpProtocols.Http2);
        });
        var application = builder.Build();
        application.Run(ServeAsync);
        await application.StartAsync();
        _listening.Add(application);
    }

    public void Publish(IEnumerable<Resource> updates, string[]? removedAddresses = null, string[]? removedPolicies = null)
    {
        lock (_gate)
        {
            var (next, changes) = _server.Snapshot.Apply(updates, removedAddresses ?? [], removedPolicies ?? []);
            _server.Publish(next, changes);
            Pushes++;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var application in _listening)
        {
            using var atOnce = new CancellationTokenSource(TimeSpan.FromSeconds(1)); // Streams never end by themselves.
            await application.StopAsync(atOnce.Token);
            await application.DisposeAsync();
        }
    }

    private async Task ServeAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        var status = await _server.ServeAsync(context.Request.Body, context.Response.BodyWriter, peer: null, context.RequestAborted);
        if (!context.RequestAborted.IsCancellationRequested) context.Response.AppendTrailer("grpc-status", status.CodeText);
    }
}
