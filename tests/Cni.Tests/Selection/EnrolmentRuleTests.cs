using Mesh.Cni.Redirect;
using Mesh.Cni.Selection;
using Mesh.Kubernetes.Objects;

namespace Mesh.Cni.Tests.Selection;

public sealed class EnrolmentRuleTests
{
    private static readonly EnrolmentRule Rule = new(EnrolmentRule.DefaultPairs, new HashSet<string> { "kube-system" });

    [Theory]
    [InlineData(null, null, false)]
    [InlineData("ambient", null, true)]
    [InlineData(null, "ambient", true)]
    [InlineData("none", "ambient", false)]
    [InlineData("ambient", "none", true)]
    [InlineData("none", null, false)]
    [InlineData("other", "ambient", true)]
    [InlineData(null, "other", false)]
    public void A_pods_own_label_beats_its_namespaces(string? pod, string? space, bool wanted) =>
        Assert.Equal(wanted, Rule.Wants(PodWith(Labels(pod)), Labels(space)));

    [Fact]
    public void Host_network_sidecars_and_excluded_namespaces_stay_out()
    {
        var pod = PodWith(Labels("ambient"));
        Assert.True(Rule.Wants(pod, StringMap.Empty));
        Assert.False(Rule.Wants(pod with { Spec = new PodSpec { HostNetwork = true } }, Labels("ambient")));
        Assert.False(Rule.Wants(pod with { Metadata = pod.Metadata with { Annotations = Map("sidecar.istio.io/status", "{}") } }, Labels("ambient")));
        Assert.False(Rule.Wants(pod with { Metadata = pod.Metadata with { Namespace = "kube-system" } }, Labels("ambient")));
    }

    [Theory]
    [InlineData("shop", "ambient", true)]
    [InlineData("shop", null, false)]
    [InlineData("kube-system", "ambient", false)]
    public void A_namespace_is_in_the_mesh_when_its_unlabelled_pods_are(string name, string? label, bool wanted) =>
        Assert.Equal(wanted, Rule.WantsNamespace(name, Labels(label)));

    [Theory]
    [InlineData("true", true, null)]
    [InlineData("false", false, null)]
    [InlineData("yes", false, "no boolean")]
    public void A_switch_on_a_pod_is_read_strictly(string value, bool expected, string? ignored)
    {
        var settings = PodAnnotations.Apply(Map("ambient.istio.io/bypass-inbound-capture", value), new RedirectSettings(), out var problem);
        Assert.Equal(expected, settings.BypassesInbound);
        if (ignored is null) Assert.Null(problem);
        else Assert.Contains(ignored, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pod_overrides_the_nodes_dns_capture_and_names_its_virtual_interfaces()
    {
        var annotations = StringMap.From(
        [
            new("ambient.istio.io/dns-capture", "false"), new("istio.io/reroute-virtual-interfaces", "k6t-eth0, docker0,,far-too-long-a-name-for-one"),
        ]);
        var settings = PodAnnotations.Apply(annotations, new RedirectSettings { CapturesDns = true }, out var problem);
        Assert.False(settings.CapturesDns);
        Assert.Equal(["k6t-eth0", "docker0"], settings.VirtualInterfaces);
        Assert.Contains("no interface name", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_is_read_strictly_and_every_mistake_is_named()
    {
        var good = new Dictionary<string, string?> { ["NODE_NAME"] = "n1", ["AMBIENT_DNS_CAPTURE"] = "true", ["EXCLUDE_NAMESPACES"] = "a, b", ["HOST_NETNS_PATH"] = "/x" };
        var options = CniOptions.TryRead(good.GetValueOrDefault, out var problem);
        Assert.NotNull(options);
        Assert.Equal(("n1", true, "/x", ""), (options.NodeName, options.CapturesDns, options.HostNetns, problem));
        Assert.Equal(["a", "b"], options.ExcludedNamespaces.Order());
        var bad = new Dictionary<string, string?> { ["AMBIENT_IPV6"] = "maybe", ["MONITORING_PORT"] = "x", ["HOST_PROBE_SNAT_IP"] = "::1" };
        Assert.Null(CniOptions.TryRead(bad.GetValueOrDefault, out problem));
        foreach (var name in new[] { "NODE_NAME", "AMBIENT_IPV6", "MONITORING_PORT", "HOST_PROBE_SNAT_IP" }) Assert.Contains(name, problem, StringComparison.Ordinal);
    }

    private static Pod PodWith(StringMap labels) => new() { Metadata = new ObjectMeta { Name = "p", Namespace = "shop", Labels = labels } };

    private static StringMap Labels(string? mode) => mode is null ? StringMap.Empty : Map(EnrolmentRule.ModeLabel, mode);

    private static StringMap Map(string key, string value) => StringMap.From([new KeyValuePair<string, string>(key, value)]);
}
