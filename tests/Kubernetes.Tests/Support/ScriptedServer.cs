using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mesh.Kubernetes.Tests.Support;

/// <summary>A real HTTP server on loopback whose every answer is a test's line of code; it keeps what it was asked.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Seen> _requests = new();

    private ScriptedServer(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = new("http://unknown");

    public IReadOnlyList<Seen> Requests => [.. _requests];

    public static async Task<ScriptedServer> StartAsync(Func<Seen, HttpResponse, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        var app = builder.Build();
        var server = new ScriptedServer(app);
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var seen = new Seen(
                context.Request.Method,
                context.Request.Path.Value ?? "",
                context.Request.QueryString.Value ?? "",
                await reader.ReadToEndAsync(),
                context.Request.Headers.Authorization,
                context.Request.ContentType);
            server._requests.Enqueue(seen);
            try
            {
                await answer(seen, context.Response);
            }
            catch (OperationCanceledException)
            {
                // The client left, or the test is over.
            }
        });
        await app.StartAsync();
        server.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return server;
    }

    public KubernetesClient Client(TimeProvider? time = null, ILogger? logger = null) => new(
        Credentials.Anonymous(Address),
        new KubernetesClientOptions
        {
            Time = time ?? TimeProvider.System,
            Random = new Random(7),
            Logger = logger ?? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance,
        });

    public async ValueTask DisposeAsync()
    {
        using var hurry = new CancellationTokenSource(TimeSpan.FromMilliseconds(1));
        await _app.StopAsync(hurry.Token);
        await _app.DisposeAsync();
    }
}
