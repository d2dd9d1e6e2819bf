using System.Net;
using Mesh.Daemon.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mesh.Hosting;

/// <summary>
/// The defaults of our hosted programs: our log, Kestrel with limits, nothing read from files or from ASPNETCORE_ variables.
/// </summary>
public static class MeshHost
{
    /// <summary>What the hosted programs log where RUST_LOG does not say otherwise.</summary>
    public const string DefaultLogFilter = "info,Microsoft=warn,System=warn";

    private const int HeadBytes = 32 * 1024;

    /// <summary>A builder with the operations ports bound; the program adds its services and other endpoints.</summary>
    public static WebApplicationBuilder CreateBuilder(MeshHostOptions options, Log log)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = options.Program });
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Trace); // The log's own filter decides, and can be changed at run time.
        builder.Logging.Services.AddSingleton<ILoggerProvider>(log);
        builder.Services.AddSingleton(options);
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        var refused = new RefusedConnections(new CauseLog(log.Time, log.CreateLogger("connections")));
        builder.Services.AddHostedService(_ => refused);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            Watch(kestrel, refused);
            Limit(kestrel, options);
        });
        return builder;
    }

    /// <summary>On every endpoint, the program's own too, and before TLS: a failed handshake counts as well.</summary>
    private static void Watch(KestrelServerOptions kestrel, RefusedConnections refused) =>
        kestrel.ConfigureEndpointDefaults(listen => listen.Use(next => connection =>
        {
            refused.Watch(connection);
            return next(connection);
        }));

    private static void Limit(KestrelServerOptions kestrel, MeshHostOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = options.ConnectionsMax;
        kestrel.Limits.MaxRequestBodySize = options.RequestBodyBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = HeadBytes;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        foreach (var port in options.OperationsPorts)
        {
            kestrel.Listen(new IPEndPoint(options.Address, port), static listen => listen.Protocols = HttpProtocols.Http1);
        }
    }
}
