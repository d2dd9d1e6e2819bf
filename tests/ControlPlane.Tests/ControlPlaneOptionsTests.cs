using Mesh.Kubernetes;

namespace Mesh.ControlPlane.Tests;

public sealed class ControlPlaneOptionsTests
{
    [Fact]
    public void Nothing_said_gives_the_defaults_of_such_meshes()
    {
        var options = ControlPlaneOptions.Read(_ => null, out var problems);

        Assert.Empty(problems);
        Assert.Equal("cluster.local", options.Mesh.TrustDomain);
        Assert.Equal(TimeSpan.FromHours(24), options.WorkloadTtlDefault);
        Assert.Equal(15012, options.SecurePort);
    }

    [Fact]
    public void What_is_said_is_read()
    {
        var said = new Dictionary<string, string>
        {
            ["POD_NAMESPACE"] = "mesh",
            ["CA_TRUSTED_NODE_ACCOUNTS"] = "mesh/ztunnel, kube-system/ztunnel",
            ["MAX_WORKLOAD_CERT_TTL"] = "48h",
            ["DEFAULT_WORKLOAD_CERT_TTL"] = "1h30m",
            ["PILOT_DEBOUNCE_AFTER"] = "250ms",
        };
        var options = ControlPlaneOptions.Read(said.GetValueOrDefault, out var problems);

        Assert.Empty(problems);
        Assert.Equal("mesh", options.Mesh.RootNamespace);
        Assert.Equal([new ObjectKey("mesh", "ztunnel"), new ObjectKey("kube-system", "ztunnel")], options.TrustedNodeAccounts);
        Assert.Equal(TimeSpan.FromMinutes(90), options.WorkloadTtlDefault);
        Assert.Equal(TimeSpan.FromMilliseconds(250), options.DebounceQuiet);
    }

    [Fact]
    public void All_that_is_wrong_is_said_at_once_with_the_way_out()
    {
        var said = new Dictionary<string, string>
        {
            ["CA_TRUSTED_NODE_ACCOUNTS"] = "ztunnel",
            ["SECURE_PORT"] = "99999",
            ["PILOT_DEBOUNCE_MAX"] = "soon",
            ["AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY"] = "maybe",
            ["DEFAULT_WORKLOAD_CERT_TTL"] = "100h",
            ["MAX_WORKLOAD_CERT_TTL"] = "1h",
        };

        ControlPlaneOptions.Read(said.GetValueOrDefault, out var problems);

        Assert.Equal(
            ["AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY", "CA_TRUSTED_NODE_ACCOUNTS", "DEFAULT_WORKLOAD_CERT_TTL", "PILOT_DEBOUNCE_MAX", "SECURE_PORT"],
            problems.Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.All(problems, p => Assert.True(p.WayOut.Length > 5 && p.Value.Length > 0));
    }
}
