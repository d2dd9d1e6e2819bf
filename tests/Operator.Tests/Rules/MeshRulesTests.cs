using Mesh.Operator.Rules;

namespace Mesh.Operator.Tests.Rules;

public sealed class MeshRulesTests
{
    private const string Running =
        """{"currentVersion":"1.4.2","resolved":{"namespace":"mesh-system","nodeNamespace":"mesh-node","trustDomain":"cluster.local","clusterName":"Kubernetes","cniBinDir":"/opt/cni/bin","cniConfDir":"/etc/cni/net.d"}}""";

    private static readonly MeshRules s_rules = new(Given.Versions);

    /// <summary>Row of the reference, spec, field that is named, value that is named, way out.</summary>
    public static TheoryData<int, string, string, string, string> Mistakes => new()
    {
        { 3, """{"version":"latest"}""", "spec.version", "'latest'", "MAJOR.MINOR or MAJOR.MINOR.PATCH without a leading 'v'" },
        { 3, """{"version":"v1.4.2"}""", "spec.version", "'v1.4.2'", "without a leading 'v'" },
        { 3, """{"version":"1"}""", "spec.version", "'1'", "MAJOR.MINOR" },
        { 4, """{"version":"9.9.9"}""", "spec.version", "'9.9.9'", "this operator installs 1.3.0 to 1.5.1" },
        { 5, """{"version":"1.1.4"}""", "spec.version", "'1.1.4'", "this operator installs 1.3.0 to 1.5.1" },
        { 9, """{"version":"1.4.2","profile":"ambient"}""", "spec.profile", "'ambient'", "supported: minimal, default, ha, demo" },
        { 11, """{"version":"1.4.2","namespace":"default"}""", "spec.namespace", "'default'", "must be a dedicated namespace" },
        { 11, """{"version":"1.4.2","nodeNamespace":"kube-public"}""", "spec.nodeNamespace", "'kube-public'", "must be a dedicated namespace" },
        { 11, """{"version":"1.4.2","namespace":"Mesh_System"}""", "spec.namespace", "'Mesh_System'", "lowercase DNS label" },
        { 12, """{"version":"1.4.2","nodeNamespace":"mesh-system"}""", "spec.nodeNamespace", "'mesh-system'", "namespace of their own" },
        { 13, """{"version":"1.4.2","mesh":{"trustDomain":"spiffe://a"}}""", "spec.mesh.trustDomain", "'spiffe://a'", "no scheme, port or path" },
        { 13, """{"version":"1.4.2","mesh":{"trustDomain":"A_b"}}""", "spec.mesh.trustDomain", "'A_b'", "lowercase DNS name" },
        { 19, """{"version":"1.4.2","controlPlane":{"replicas":0}}""", "spec.controlPlane.replicas", "'0'", "between 1 and 32" },
        { 20, """{"version":"1.4.2","profile":"ha","controlPlane":{"replicas":1}}""", "spec.controlPlane.replicas", "'1'", "at least 2 control-plane replicas" },
        { 28, """{"version":"1.4.2","cni":{"binDir":"opt/cni"}}""", "spec.cni.binDir", "'opt/cni'", "must be an absolute path" },
        { 28, """{"version":"1.4.2","cni":{"confDir":""}}""", "spec.cni.confDir", "''", "must be an absolute path" },
        { 28, """{"version":"1.4.2","cni":{"netnsDir":"x"}}""", "spec.cni.netnsDir", "'x'", "must be an absolute path" },
        { 28, """{"version":"1.4.2","cni":{"binDir":"/"}}""", "spec.cni.binDir", "'/'", "below /, without . and .., such as /opt/cni/bin" },
        { 28, """{"version":"1.4.2","cni":{"confDir":"/a/../.."}}""", "spec.cni.confDir", "'/a/../..'", "such as /etc/cni/net.d" },
        { 28, """{"version":"1.4.2","cni":{"netnsDir":"/var/./netns"}}""", "spec.cni.netnsDir", "'/var/./netns'", "such as /var/run/netns" },
        { 39, """{"version":"1.4.2","ca":{"workloadCertTTL":"1m"}}""", "spec.ca.workloadCertTTL", "'1m'", "between 10m and 168h" },
        { 39, """{"version":"1.4.2","ca":{"workloadCertTTL":"60d"}}""", "spec.ca.workloadCertTTL", "'60d'", "between 10m and 168h" },
        { 0, """{"version":"1.4.2","ca":{"crlRef":{"name":"Lists!"}}}""", "spec.ca.crlRef.name", "'Lists!'", "name of a ConfigMap" },
        { 0, """{"version":"1.4.2","ca":{"crlRef":{}}}""", "spec.ca.crlRef.name", "''", "name of a ConfigMap" },
        { 0, """{"version":"1.4.2","ca":{"crlRef":{"name":"lists","key":"../x"}}}""", "spec.ca.crlRef.key", "'../x'", "key of the ConfigMap" },
        { 40, """{"version":"1.4.2","images":{"registry":"https://r.io/"}}""", "spec.images.registry", "'https://r.io/'", "without scheme or trailing '/'" },
        { 42, """{"version":"1.4.2","ztunnel":{"resources":{"requests":{"memory":"512Mi"},"limits":{"memory":"256Mi"}}}}""", "spec.ztunnel.resources", "limits.memory 256Mi", "is below requests.memory 512Mi" },
        { 0, """{"version":"1.4.2","cni":{"resources":{"requests":{"cpu":"lots"}}}}""", "spec.cni.resources", "'lots'", "is not a quantity; write 500m, 2 or 512Mi" },
        { 0, """{"version":"1.4.2","images":{"tag":"a b"}}""", "spec.images.tag", "'a b'", "must be an image tag" },
        { 0, """{"version":"1.4.2","images":{"pullPolicy":"Sometimes"}}""", "spec.images.pullPolicy", "'Sometimes'", "supported: IfNotPresent, Always, Never" },
        { 0, """{"version":"1.4.2","images":{"overrides":{"proxy":"r/p:1"}}}""", "spec.images.overrides.proxy", "'r/p:1'", "is not a component; use control-plane, cni or ztunnel" },
        { 0, """{"version":"1.4.2","images":{"overrides":{"cni":"https://r/p"}}}""", "spec.images.overrides.cni", "'https://r/p'", "whole image reference" },
        { 0, """{"version":"1.4.2","images":{"pullSecrets":["A!"]}}""", "spec.images.pullSecrets[0]", "'A!'", "name of a Secret" },
        { 0, """{"version":"1.4.2","ztunnel":{"logLevel":"loud"}}""", "spec.ztunnel.logLevel", "'loud'", "must be a log filter" },
        { 0, """{"version":"1.4.2","ztunnel":{"logFormat":"xml"}}""", "spec.ztunnel.logFormat", "'xml'", "supported: plain, json" },
        { 0, """{"version":"1.4.2","cni":{"env":[{"name":"1A","value":"x"}]}}""", "spec.cni.env.1A", "'1A'", "does not begin with a digit" },
        { 0, """{"version":"1.4.2","cni":{"env":[{"name":"A","value":"x"},{"name":"A","value":"y"}]}}""", "spec.cni.env", "twice", "keep one of them" },
        { 0, """{"version":"1.4.2","cni":{"excludeNamespaces":["A b"]}}""", "spec.cni.excludeNamespaces[0]", "'A b'", "name of a namespace" },
        { 0, """{"version":"1.4.2","mesh":{"clusterName":"-a"}}""", "spec.mesh.clusterName", "'-a'", "beginning and ending with a letter or digit" },
        { 0, """{"version":"1.4.2","mesh":{"network":"a/b"}}""", "spec.mesh.network", "'a/b'", "must be empty or letters" },
        { 0, """{"version":"1.4.2","deletionPolicy":"Never"}""", "spec.deletionPolicy", "'Never'", "supported: Delete, Orphan, OrphanDataPlane" },
        { 0, """{"version":"1.4.2","driftPolicy":"Fight"}""", "spec.driftPolicy", "'Fight'", "supported: Correct, Warn, Ignore" },
    };

    public static TheoryData<int, string, string, string, string> ForbiddenChanges => new()
    {
        { 6, """{"version":"1.5.1"}""", "spec.version", "'1.5.1'", "" },
        { 7, """{"version":"1.4.0"}""", "spec.version", "'1.4.0'", "cannot go back from 1.4.2" },
        { 10, """{"version":"1.4.2","namespace":"other"}""", "spec.namespace", "'other'", "set it back to 'mesh-system'" },
        { 10, """{"version":"1.4.2","nodeNamespace":"elsewhere"}""", "spec.nodeNamespace", "'elsewhere'", "set it back to 'mesh-node'" },
        { 14, """{"version":"1.4.2","mesh":{"trustDomain":"other.example"}}""", "spec.mesh.trustDomain", "'other.example'", "set it back to 'cluster.local'" },
        { 15, """{"version":"1.4.2","mesh":{"clusterName":"Other"}}""", "spec.mesh.clusterName", "'Other'", "set it back to 'Kubernetes'" },
        { 30, """{"version":"1.4.2","cni":{"binDir":"/opt/other"}}""", "spec.cni.binDir", "'/opt/other'", "set it back to '/opt/cni/bin'" },
        { 30, """{"version":"1.4.2","cni":{"confDir":"/etc/other"}}""", "spec.cni.confDir", "'/etc/other'", "set it back to '/etc/cni/net.d'" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_named_with_field_value_and_way_out(int row, string spec, string field, string value, string wayOut)
    {
        var (version, problems) = s_rules.Check(Given.Mesh(spec));
        Assert.Null(version);
        var problem = Assert.Single(problems);
        Assert.True(problem.Field == field, $"row {row}: {problem}");
        Assert.Contains(value, problem.Message, StringComparison.Ordinal);
        Assert.Contains(wayOut, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(ForbiddenChanges))]
    public void What_an_installed_mesh_cannot_change_is_named_with_the_value_it_has(int row, string spec, string field, string value, string wayOut)
    {
        var (version, problems) = s_rules.Check(Given.Mesh(spec, statusJson: row == 6 ? """{"currentVersion":"1.3.0"}""" : Running));
        Assert.Null(version);
        var problem = Assert.Single(problems);
        Assert.True(problem.Field == field, $"row {row}: {problem}");
        Assert.Contains(value, problem.Message, StringComparison.Ordinal);
        Assert.Contains(row == 6 ? "cannot skip a minor version from 1.3.0; upgrade to 1.4 first" : wayOut, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_mesh_is_refused_by_name() // Row 1.
    {
        var (_, problems) = s_rules.Check(Given.Mesh("""{"version":"nonsense"}""", name: "prod"));
        Assert.Equal("metadata.name", Assert.Single(problems).Field);
        Assert.Contains("'prod': MeshInstall is a singleton: metadata.name must be 'default'", problems[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_mistakes_are_said_at_once()
    {
        var (_, problems) = s_rules.Check(Given.Mesh("""{"version":"9.9","profile":"x","mesh":{"trustDomain":"A"},"ca":{"workloadCertTTL":"x"}}"""));
        Assert.Equal(["spec.ca.workloadCertTTL", "spec.mesh.trustDomain", "spec.profile", "spec.version"], problems.Select(one => one.Field).Order());
    }

    [Theory]
    [InlineData("1.4", null, "1.4.2")]
    [InlineData("1.4.0", null, "1.4.0")]
    [InlineData("1.5", "1.4.2", "1.5.1")]
    [InlineData("1.4.2", "1.4.0", "1.4.2")]
    [InlineData("1.4", "1.4.2", "1.4.2")]
    public void A_valid_version_resolves_to_its_newest_patch(string wanted, string? current, string expected)
    {
        var status = current is null ? "{}" : $$"""{"currentVersion":"{{current}}"}""";
        var (version, problems) = s_rules.Check(Given.Mesh($$"""{"version":"{{wanted}}"}""", statusJson: status));
        Assert.Empty(problems);
        Assert.Equal(expected, version!.ToString());
    }

    [Theory]
    [InlineData("""{"version":"1.4.2"}""")]
    [InlineData("""{"version":"1.4","profile":"ha","images":{"registry":"r.example:5000/a/b","tag":"v1_x","overrides":{"ztunnel":"r.example/z@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}}""")]
    [InlineData("""{"version":"1.4","mesh":{"trustDomain":"td1.example.org","network":"net-1"},"ca":{"workloadCertTTL":"1h30m"}}""")]
    [InlineData("""{"version":"1.4","ztunnel":{"logLevel":"info,access=warn","resources":{"requests":{"cpu":"1000m"},"limits":{"cpu":"1"}},"tolerations":[{"operator":"Exists"}]}}""")]
    public void Good_specs_pass(string spec) => Assert.Empty(s_rules.Check(Given.Mesh(spec)).Problems);

    [Fact]
    public void Hostile_text_is_judged_in_linear_time()
    {
        var text = new string('a', 200_000) + "!";
        var began = Environment.TickCount64;
        Assert.NotEmpty(s_rules.Check(Given.Mesh($$$"""{"version":"1.4","mesh":{"trustDomain":"{{{text}}}"},"images":{"registry":"{{{text}}}"}}""")).Problems);
        Assert.InRange(Environment.TickCount64 - began, 0, 5000);
    }
}
