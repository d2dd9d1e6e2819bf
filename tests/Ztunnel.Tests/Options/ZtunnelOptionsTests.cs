using Mesh.Model.Policy;
using Mesh.Ztunnel.Certificates;
using Mesh.Ztunnel.Options;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Ztunnel.Tests.Options;

public sealed class ZtunnelOptionsTests
{
    private static (ZtunnelOptions Options, IReadOnlyList<OptionProblem> Problems) Parse(params (string Name, string Value)[] variables) =>
        ZtunnelOptionsParser.Parse(variables.ToDictionary(v => v.Name, v => v.Value), cores: 8);

    [Fact]
    public void Defaults_are_those_of_the_reference()
    {
        var (options, problems) = Parse();
        Assert.Empty(problems);
        Assert.Equal(ProxyMode.Shared, options.Mode);
        Assert.Equal(1337u, options.PacketMark);
        Assert.Equal("https://localhost:15012/", options.Xds!.Address.ToString());
        Assert.Equal("https://localhost:15012/", options.Ca!.Address.ToString());
        Assert.Equal(TimeSpan.FromHours(24), options.SecretTtl);
        Assert.Equal(100, options.StreamsPerTunnelMax);
        Assert.Equal(TimeSpan.FromMinutes(5), options.UnusedTunnelRelease);
        Assert.Equal((TimeSpan.FromSeconds(180), TimeSpan.FromSeconds(180), 9), (options.KeepAlive!.Value.Idle, options.KeepAlive.Value.Interval, options.KeepAlive.Value.Probes));
        Assert.Equal(TimeSpan.Zero, options.UserTimeout);
        Assert.Equal(TimeSpan.FromSeconds(5), options.DrainDeadline);
        Assert.True(options.PortReuse && options.Ipv6 && options.LocalhostApplicationTunnel && options.ResponseBaggage && options.ProxyEnabled);
        Assert.False(options.SocksEnabled || options.FakeCa || options.XdsOnDemand || options.PolicyInfoLogging);
        Assert.Null(options.PreserveSource);
        Assert.Equal("/var/run/ztunnel/ztunnel.sock", options.InpodPath);
        Assert.Equal(UnknownPolicy.Undecided, options.UnknownPolicy);
    }

    [Fact]
    public void Every_problem_is_told_at_once_with_variable_value_and_way_out()
    {
        var (_, problems) = Parse(
            ("PROXY_MODE", "both"), ("IPV6_ENABLED", "maybe"), ("SECRET_TTL", "a day"), ("PACKET_MARK", "-1"), ("ZTUNNEL_WORKER_THREADS", "some"), ("XDS_ADDRESS", "ftp://x"));
        Assert.Equal(6, problems.Count(p => p.WayOut.Length > 0));
        Assert.Contains("IPV6_ENABLED=\"maybe\": write true or false", problems.Select(p => p.ToString()));
    }

    [Fact]
    public void Every_proxy_metadata_is_told_to_the_control_plane_and_variables_win()
    {
        var (options, problems) = Parse(
            ("PROXY_CONFIG", "proxyMetadata:\n  TEAM: blue\n  ISTIO_META_ZONE: a\n  ISTIO_META_SHELF: low\n"), ("ISTIO_META_ZONE", "b"));

        Assert.Empty(problems);
        Assert.Equal(["SHELF=low", "TEAM=blue", "ZONE=b"], options.XdsMetadata.Select(m => $"{m.Key}={m.Value}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("{\"a\":")]
    [InlineData("\"\\ud800\"")]
    [InlineData("")]
    public void Json_metadata_that_is_none_is_refused_by_its_name(string json)
    {
        var problem = Assert.Single(Parse(("ISTIO_METAJSON_LABELS", json), ("ISTIO_METAJSON_GOOD", "{\"a\":[1,true,null]}")).Problems);

        Assert.Equal("ISTIO_METAJSON_LABELS", problem.Variable);
        Assert.StartsWith("write a JSON value", problem.WayOut, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dedicated_proxy_needs_its_workload_and_sets_no_mark()
    {
        Assert.Contains(Parse(("PROXY_MODE", "dedicated")).Problems, p => p.Variable == "PROXY_WORKLOAD_INFO");
        var (options, problems) = Parse(("PROXY_MODE", "dedicated"), ("PROXY_WORKLOAD_INFO", "ns/pod/account"));
        Assert.Empty(problems);
        Assert.Equal(new WorkloadInfo("ns", "pod", "account"), options.Dedicated);
        Assert.Equal(0u, options.PacketMark);
    }

    [Theory]
    [InlineData("ZTUNNEL_WORKER_THREADS", "3", 3)]
    [InlineData("ZTUNNEL_WORKER_THREADS", "0", 8)]
    [InlineData("ZTUNNEL_WORKER_THREADS", "30%", 3)]
    [InlineData("ZTUNNEL_RESOURCE_CPU_LIMIT", "1500m", 2)]
    [InlineData("ZTUNNEL_RESOURCE_CPU_REQUEST", "3", 3)]
    [InlineData("ZTUNNEL_CPU_LIMIT", "16", 4)]
    [InlineData("PROXY_CONFIG", "concurrency: 5", 5)]
    [InlineData("PROXY_CONFIG", "concurrency: 0", 8)]
    [InlineData("UNRELATED", "x", 2)]
    public void Workers_follow_what_the_operator_and_the_machine_say(string name, string value, int expected) =>
        Assert.Equal(expected, Parse((name, value)).Options.Workers);

    [Fact]
    public void Proxy_configuration_fills_what_the_environment_leaves_open()
    {
        const string Yaml = "{discoveryAddress: plane:15012, statsPort: 9100, proxyMetadata: {NODE_NAME: a, POD_NAME: p}, tracing: {x: [1]}}";
        var (options, problems) = Parse(("PROXY_CONFIG", Yaml), ("NODE_NAME", "b"));
        Assert.Empty(problems);
        Assert.Equal(("b", "p", 9100, "https://plane:15012/"), (options.NodeName, options.PodName, options.StatsPort, options.Xds!.Address.ToString()));
        Assert.Contains(Parse(("PROXY_CONFIG", "a: b: c")).Problems, p => p.Variable == "PROXY_CONFIG");
    }

    [Fact]
    public void Without_a_control_plane_a_local_configuration_is_needed()
    {
        Assert.Contains(Parse(("XDS_ADDRESS", "")).Problems, p => p.Variable == "XDS_ADDRESS");
        var (options, problems) = Parse(("XDS_ADDRESS", ""), ("LOCAL_XDS", "workloads: []"), ("FAKE_CA", "true"));
        Assert.Empty(problems);
        Assert.Null(options.Xds);
        Assert.Null(options.Ca);
    }

    [Theory]
    [InlineData("30", 25)]
    [InlineData("11", 6)]
    [InlineData("10", 9)]
    [InlineData("1", 1)]
    public void Some_of_the_grace_period_is_kept(string grace, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Parse(("TERMINATION_GRACE_PERIOD_SECONDS", grace)).Options.DrainDeadline);

    [Fact]
    public void Headers_and_metadata_are_collected_by_prefix()
    {
        var (options, _) = Parse(("XDS_HEADER_x-a", "1"), ("CA_HEADER_x-b", "2"), ("ISTIO_META_FOO", "3"), ("ISTIO_METAJSON_BAR", "[4]"));
        Assert.Equal([new("x-a", "1")], options.Xds!.Headers);
        Assert.Equal([new("x-b", "2")], options.Ca!.Headers);
        Assert.Equal("3", options.XdsMetadata["FOO"]);
        Assert.Equal("[4]", options.XdsJsonMetadata["BAR"]);
    }

    [Theory]
    [InlineData("10s", 10)]
    [InlineData("1h30m", 5400)]
    [InlineData("250ms", 0.25)]
    [InlineData("0", 0)]
    public void Durations_are_read(string text, double seconds)
    {
        Assert.True(OptionReader.TryParseDuration(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Fact]
    public void On_demand_resources_and_the_DNS_proxy_exclude_each_other() =>
        Assert.Contains(Parse(("XDS_ON_DEMAND", "true"), ("NODE_NAME", "a")).Problems, p => p.Variable == "XDS_ON_DEMAND" && p.WayOut.Contains("DNS", StringComparison.Ordinal));

    [Fact]
    public void On_demand_resources_need_the_name_of_the_node()
    {
        var problem = Assert.Single(Parse(("XDS_ON_DEMAND", "true"), ("ISTIO_META_DNS_CAPTURE", "false")).Problems);
        Assert.Contains("NODE_NAME", problem.WayOut, StringComparison.Ordinal);
        var (options, problems) = Parse(("XDS_ON_DEMAND", "true"), ("ISTIO_META_DNS_CAPTURE", "false"), ("NODE_NAME", "a"));
        Assert.True(options.XdsOnDemand);
        Assert.Empty(problems);
    }

    [Fact]
    public void A_deadline_of_its_own_wins_over_the_grace_period() =>
        Assert.Equal(
            TimeSpan.FromSeconds(90),
            Parse(("CONNECTION_TERMINATION_DEADLINE", "90s"), ("TERMINATION_GRACE_PERIOD_SECONDS", "30")).Options.DrainDeadline);

    [Fact]
    public void Required_revocation_lists_need_a_place()
    {
        Assert.Contains(Parse(("MESH_CRL_REQUIRED", "true")).Problems, p => p.Variable == "MESH_CRL_REQUIRED");
        var (options, problems) = Parse(("MESH_CRL_REQUIRED", "true"), ("CRL_PATH", "/etc/crl/ca-crl.pem"));
        Assert.Empty(problems);
        Assert.Equal((true, "/etc/crl/ca-crl.pem"), (options.CrlRequired, options.CrlPath));
    }

    [Fact]
    public void Windows_and_frames_are_taken_within_the_protocols_bounds()
    {
        var (options, problems) = Parse(("HTTP2_STREAM_WINDOW_SIZE", "4194304"), ("HTTP2_CONNECTION_WINDOW_SIZE", "8388608"), ("HTTP2_FRAME_SIZE", "16384"));
        Assert.Empty(problems);
        Assert.Equal((4_194_304, 8_388_608, 16_384), (options.StreamWindowBytes, options.ConnectionWindowBytes, options.FrameBytesMax));
    }

    [Theory]
    [InlineData("HTTP2_STREAM_WINDOW_SIZE", "65534", "write a whole number from 65535 to 2147483647")]
    [InlineData("HTTP2_STREAM_WINDOW_SIZE", "4m", "write a whole number from 65535 to 2147483647")]
    [InlineData("HTTP2_CONNECTION_WINDOW_SIZE", "2147483648", "write a whole number from 65535 to 2147483647")]
    [InlineData("HTTP2_CONNECTION_WINDOW_SIZE", "65535", "make it no smaller than HTTP2_STREAM_WINDOW_SIZE (1048576), or no stream could use its own")]
    [InlineData("HTTP2_FRAME_SIZE", "16777216", "write a whole number from 16384 to 16777215")]
    [InlineData("MESH_ACCESS_LOG", "sample=0", "write all, failures, or sample=N for one in N successful connections (N up to 1000000); failures are always logged")]
    [InlineData("MESH_METRIC_SERIES_MAX", "1", "write a whole number from 100 to 1000000")]
    [InlineData("MESH_BYPASS_CIDRS", "10.0.0.0", "\"10.0.0.0\" is no range: write 10.0.0.0/8, 203.0.113.0/24:443, 2001:db8::/32:8000-8100 or *:5432")]
    public void What_cannot_be_used_says_what_would_do(string name, string value, string wayOut) =>
        Assert.Equal(new OptionProblem(name, value, wayOut), Assert.Single(Parse((name, value)).Problems));

    [Theory]
    [InlineData("TLS12_ENABLED", "yes", "write true or false")]
    [InlineData("COMPLIANCE_POLICY", "pqc", "no X25519MLKEM768")]
    [InlineData("KEEPALIVE_TIME", "500ms", "write a duration from 1s to 32767s")]
    [InlineData("KEEPALIVE_TIME", "10h", "write a duration from 1s to 32767s")]
    [InlineData("KEEPALIVE_INTERVAL", "0", "write a duration from 1s to 32767s")]
    [InlineData("PACKET_MARK", "4294967296", "write a whole number from 0 to 4294967295")]
    public void What_the_kernel_or_this_proxy_would_not_do_is_refused_rather_than_ignored(string name, string value, string wayOut)
    {
        var problem = Assert.Single(Parse((name, value)).Problems);
        Assert.Equal((name, value), (problem.Variable, problem.Value));
        Assert.Contains(wayOut, problem.WayOut, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TLS12_ENABLED", "false")]
    [InlineData("TLS12_ENABLED", "true")]
    [InlineData("COMPLIANCE_POLICY", "fips-140-2")]
    [InlineData("TLS12_ENABLED", "")]
    [InlineData("COMPLIANCE_POLICY", "")]
    [InlineData("KEEPALIVE_TIME", "1s")]
    [InlineData("KEEPALIVE_INTERVAL", "32767s")]
    public void What_asks_for_nothing_else_is_taken(string name, string value) => Assert.Empty(Parse((name, value)).Problems);

    [Fact]
    public void A_packet_mark_has_all_its_32_bits() => Assert.Equal(0xffff_ffffu, Parse(("PACKET_MARK", "4294967295")).Options.PacketMark);

    [Fact]
    public void A_user_timeout_that_the_kernel_cannot_count_is_refused()
    {
        var (_, problems) = Parse(("USER_TIMEOUT_ENABLED", "true"), ("KEEPALIVE_INTERVAL", "32767s"), ("KEEPALIVE_RETRIES", "127"));
        Assert.Equal("USER_TIMEOUT_ENABLED", Assert.Single(problems).Variable);
    }

    [Fact]
    public void Nobody_signs_in_this_process_unless_told_to()
    {
        var problem = Assert.Single(Parse(("CA_ADDRESS", "")).Problems);
        Assert.Equal("CA_ADDRESS", problem.Variable);
        Assert.Contains("FAKE_CA=true", problem.WayOut, StringComparison.Ordinal);
        Assert.Empty(Parse(("CA_ADDRESS", ""), ("FAKE_CA", "true")).Problems);

        var (source, refusal) = CertificateSources.Create(new ZtunnelOptions(), NullLogger.Instance, TimeProvider.System);
        Assert.Null(source);
        Assert.Contains("CA_ADDRESS", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_local_configurations_are_one_too_many()
    {
        var problem = Assert.Single(Parse(("LOCAL_XDS", "workloads: []"), ("LOCAL_XDS_PATH", "/etc/mesh.yaml")).Problems);
        Assert.Equal(("LOCAL_XDS_PATH", "/etc/mesh.yaml"), (problem.Variable, problem.Value));
    }

    [Theory]
    [InlineData("all", 1)]
    [InlineData("failures", 0)]
    [InlineData("sample=100", 100)]
    [InlineData("", 1)]
    public void The_access_log_is_for_all_for_failures_or_for_a_sample(string text, int oneIn) =>
        Assert.Equal(oneIn, Parse(("MESH_ACCESS_LOG", text)).Options.AccessLog.OneIn);
}
