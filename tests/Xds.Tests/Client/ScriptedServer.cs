using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Mesh.Xds.Tests.Client;

/// <summary>A control plane on a real socket that says what the test says, call by call.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly WebApplication _app;
    private readonly Channel<ScriptedCall> _calls = Channel.CreateUnbounded<ScriptedCall>();

    private ScriptedServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, null).ConfigureKestrel(
            static kestrel => kestrel.Listen(IPAddress.Loopback, 0, static on => on.Protocols = HttpProtocols.Http2));
        _app = builder.Build();
        _app.Run(ServeAsync);
    }

    public Uri Address => new(_app.Urls.Single());

    public static async Task<ScriptedServer> StartAsync()
    {
        var server = new ScriptedServer();
        await server._app.StartAsync();
        return server;
    }

    /// <summary>The next call that a client made.</summary>
    public async Task<ScriptedCall> NextCallAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        return await _calls.Reader.ReadAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        var call = new ScriptedCall(context);
        await _calls.Writer.WriteAsync(call);
        await call.Over;
    }
}
