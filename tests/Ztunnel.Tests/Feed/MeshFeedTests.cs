using System.Net;
using System.Net.Sockets;
using System.Text;
using Mesh.Daemon.Metering;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Certificates;
using Mesh.Ztunnel.Feed;
using Mesh.Ztunnel.Options;
using Mesh.Ztunnel.Tests.Certificates;
using Mesh.Ztunnel.Tests.Namespaced;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Ztunnel.Tests.Feed;

public sealed class MeshFeedTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_control_plane_is_told_who_asks_in_the_form_that_it_knows_and_streams_and_bytes_are_counted()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        await using var plane = new TestControlPlane([listener]);
        await plane.StartAsync();
        var address = listener.LocalEndPoint;
        listener.SafeHandle.SetHandleAsInvalid(); // The server closes it.
        var (options, problems) = ZtunnelOptionsParser.Parse(
            new Dictionary<string, string>
            {
                ["XDS_ADDRESS"] = $"http://{address}",
                ["POD_NAME"] = "zt",
                ["POD_NAMESPACE"] = "istio-system",
                ["INSTANCE_IP"] = "10.0.0.1",
                ["CLUSTER_DOMAIN"] = "corp.example",
            },
            cores: 2);
        Assert.Empty(problems);
        var time = TimeProvider.System;
        var log = NullLogger.Instance;
        await using var certificates = new CertificateStore(new TestAuthority(time), new TunnelIdentities(null, null), log, time, new Random(1));
        var metrics = new Metrics();
        var builder = new MeshSnapshotBuilder();
        var feed = new MeshFeed(options, builder, new MeshView(builder.Freeze()), certificates, metrics, log, time, new Random(1));
        using var stop = new CancellationTokenSource();

        var running = feed.RunAsync(stop.Token);

        await feed.Synced.WaitAsync(Patience);
        Assert.Equal("ztunnel~10.0.0.1~zt.istio-system~istio-system.svc.cluster.local", plane.Streams.Single().Node);
        plane.EndStreams();
        await UntilAsync(() => Text(metrics).Contains("istio_xds_connection_terminations_total{reason=\"Complete\"} 1", StringComparison.Ordinal));
        Assert.Contains("istio_xds_message_bytes_total{url=\"type.googleapis.com/istio.workload.Address\"}", Text(metrics), StringComparison.Ordinal);
        await stop.CancelAsync();
        await running;
    }

    private static string Text(Metrics metrics)
    {
        var to = Exposition.For(null);
        metrics.WriteTo(to);
        return Encoding.UTF8.GetString(to.Finish());
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!condition()) await Task.Delay(5, limit.Token);
    }
}
