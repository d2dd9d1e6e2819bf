using System.Diagnostics.Metrics;
using System.Net;
using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Hosting.Tests;

public sealed class OperationsPagesTests : IAsyncLifetime
{
    private readonly MeshHostOptions _options = new()
    {
        Program = "test",
        Meters = ["Mesh.Hosting.Tests"],
        OperationsPorts = [0],
        Address = IPAddress.Loopback,
    };

    private readonly Meter _meter = new("Mesh.Hosting.Tests");
    private readonly Readiness _readiness = new();
    private readonly Metrics _registry = new();
    private readonly Log _log = new(Stream.Null, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
    private Telemetry _telemetry = null!;
    private WebApplication _app = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _telemetry = new Telemetry(_options);
        _app = MeshHost.CreateBuilder(_options, _log).Build();
        _app.UseOperationsPages(_options, _readiness, _telemetry, _log, _registry);
        await _app.StartAsync();
        var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        _client = new HttpClient { BaseAddress = new Uri(address) };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        _telemetry.Dispose();
        _meter.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task Health_and_readiness_answer_a_probe()
    {
        var task = _readiness.Add("informers");
        Assert.Equal("ok\n", await _client.GetStringAsync("/healthz"));
        using var pending = await _client.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, pending.StatusCode);
        Assert.Equal("not ready, pending: informers\n", await pending.Content.ReadAsStringAsync());
        task.Done();
        Assert.Equal("ready\n", await _client.GetStringAsync("/ready"));
        using var missing = await _client.GetAsync("/nowhere");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task Every_kind_of_instrument_appears_with_its_name_type_labels_and_value()
    {
        _meter.CreateCounter<long>("mesh_things_total", description: "Things.").Add(3, new KeyValuePair<string, object?>("result.kind", "o\"k"));
        _meter.CreateCounter<double>("mesh.seconds").Add(0.5);
        _meter.CreateUpDownCounter<long>("mesh_level").Add(-2);
        _meter.CreateObservableGauge("mesh_depth", () => 7);
        var histogram = _meter.CreateHistogram<double>("mesh_time", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2] });
        foreach (var value in new[] { 0.5, 1.5, 9 }) histogram.Record(value);
        _registry.Counter("mesh_own", "Own.").Add(5);

        var text = await _client.GetStringAsync("/metrics");

        Assert.Contains("# HELP mesh_things_total Things.\n# TYPE mesh_things_total counter\nmesh_things_total{result_kind=\"o\\\"k\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE mesh_seconds_total counter\nmesh_seconds_total 0.5\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE mesh_level gauge\nmesh_level -2\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE mesh_depth gauge\nmesh_depth 7\n", text, StringComparison.Ordinal);
        Assert.Contains(
            "mesh_time_bucket{le=\"1\"} 1\nmesh_time_bucket{le=\"2\"} 2\nmesh_time_bucket{le=\"+Inf\"} 3\nmesh_time_sum 11\nmesh_time_count 3\n",
            text, StringComparison.Ordinal);
        Assert.Contains("mesh_own_total 5\n", text, StringComparison.Ordinal);
        Assert.Contains("dotnet_gc_collections_total", text, StringComparison.Ordinal);
        var types = text.Split('\n').Where(line => line.StartsWith("# TYPE", StringComparison.Ordinal)).ToList();
        Assert.Equal(types.Count, types.Distinct().Count());
    }

    [Fact]
    public async Task OpenMetrics_is_served_to_who_asks_for_it_and_ends_once()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.TryAddWithoutValidation("Accept", "application/openmetrics-text; version=1.0.0");
        using var response = await _client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal("application/openmetrics-text", response.Content.Headers.ContentType!.MediaType);
        Assert.EndsWith("# EOF\n", text, StringComparison.Ordinal);
        Assert.Equal(text.IndexOf("# EOF", StringComparison.Ordinal), text.LastIndexOf("# EOF", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_log_filter_is_shown_changed_and_refused_with_a_reason()
    {
        Assert.Equal("info\n", await _client.GetStringAsync("/logging"));
        using var changed = await _client.PutAsync("/logging", new StringContent("warn,ca=debug"));
        Assert.Equal("warn,ca=debug\n", await changed.Content.ReadAsStringAsync());
        Assert.Equal("warn,ca=debug", _log.Filter.Text);
        using var refused = await _client.PutAsync("/logging", new StringContent("loud"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("'loud' is not a log level", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("warn,ca=debug", _log.Filter.Text);
    }

    [Fact]
    public async Task A_request_body_above_the_limit_is_refused()
    {
        using var refused = await _client.PutAsync("/logging", new ByteArrayContent(new byte[5000]));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
    }
}
