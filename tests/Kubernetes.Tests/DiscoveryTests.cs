using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests;

public sealed class DiscoveryTests
{
    private readonly ManualTime _time = new();
    private volatile bool _hasWidgets;

    [Fact]
    public async Task The_newest_version_that_has_the_kind_is_chosen()
    {
        await using var server = await ServeAsync();
        using var client = server.Client(_time);

        var budget = await client.Discovery.FindAsync("policy", "PodDisruptionBudget", Wait.Stop);
        var old = await client.Discovery.FindAsync("policy", "PodSecurityPolicy", Wait.Stop);

        Assert.Equal(("policy/v1", "poddisruptionbudgets", true), (budget!.ApiVersion, budget.Plural, budget.Namespaced));
        Assert.Equal(("policy/v1beta1", false), (old!.ApiVersion, old.Namespaced));
        Assert.Null(await client.Discovery.FindAsync("policy", "PodDisruptionBudget", "v1alpha1", Wait.Stop));
        Assert.Equal(["v1", "v1beta1"], await client.Discovery.VersionsAsync("policy", Wait.Stop));
    }

    [Fact]
    public async Task Subresources_are_no_kinds()
    {
        await using var server = await ServeAsync();
        using var client = server.Client(_time);

        Assert.Null(await client.Discovery.FindAsync("policy", "Eviction", Wait.Stop));
    }

    [Fact]
    public async Task Answers_are_kept_and_a_new_kind_is_found_after_a_moment()
    {
        await using var server = await ServeAsync();
        using var client = server.Client(_time);
        Assert.Null(await client.Discovery.FindAsync("example.com", "Widget", Wait.Stop));
        var asked = server.Requests.Count;

        _hasWidgets = true;
        Assert.Null(await client.Discovery.FindAsync("example.com", "Widget", Wait.Stop)); // Too soon to ask again.
        Assert.Equal(asked, server.Requests.Count);
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.NotNull(await client.Discovery.FindAsync("example.com", "Widget", Wait.Stop));
        asked = server.Requests.Count;
        Assert.NotNull(await client.Discovery.FindAsync("example.com", "Widget", Wait.Stop));
        Assert.Equal(asked, server.Requests.Count);
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.NotNull(await client.Discovery.FindAsync("example.com", "Widget", Wait.Stop));
        Assert.NotEqual(asked, server.Requests.Count);
    }

    [Fact]
    public async Task Of_several_forms_the_first_that_is_served_is_chosen()
    {
        await using var server = await ServeAsync();
        using var client = server.Client(_time);

        Assert.Equal("v1beta1", (await client.Discovery.ChooseAsync([EndpointSlice.Resource, EndpointSlice.ResourceV1Beta1], Wait.Stop))!.Version);
        Assert.Null(await client.Discovery.ChooseAsync([Lease.Resource], Wait.Stop));
        Assert.True(await client.Discovery.HasAsync(EndpointSlice.ResourceV1Beta1, Wait.Stop));
        Assert.False(await client.Discovery.HasAsync(EndpointSlice.Resource, Wait.Stop));
    }

    [Fact]
    public async Task A_kind_that_the_server_lacks_cannot_be_applied()
    {
        await using var server = await ServeAsync();
        using var client = server.Client(_time);
        var thing = KubernetesObject.Parse("""{"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"a","namespace":"s"}}"""u8);

        var problem = await Assert.ThrowsAsync<ApiException>(() => client.ApplyAsync(thing, ApplyOptions.Default, Wait.Stop));

        Assert.Contains("The server has no Gateway in gateway.networking.k8s.io/v1", problem.Message, StringComparison.Ordinal);
    }

    private Task<ScriptedServer> ServeAsync() => ScriptedServer.StartAsync((request, response) => request.Path switch
    {
        "/api" => response.JsonAsync("""{"versions":["v1"]}"""),
        "/apis" => response.JsonAsync(
            """{"groups":[{"name":"policy","versions":[{"version":"v1beta1"},{"version":"v1"}]},{"name":"discovery.k8s.io","versions":[{"version":"v1beta1"}]}"""
            + (_hasWidgets ? """,{"name":"example.com","versions":[{"version":"v1"}]}""" : "") + "]}"),
        "/apis/policy/v1" => response.JsonAsync(
            """{"resources":[{"name":"poddisruptionbudgets","kind":"PodDisruptionBudget","namespaced":true},{"name":"pods/eviction","kind":"Eviction","namespaced":true}]}"""),
        "/apis/policy/v1beta1" => response.JsonAsync(
            """{"resources":[{"name":"poddisruptionbudgets","kind":"PodDisruptionBudget","namespaced":true},{"name":"podsecuritypolicies","kind":"PodSecurityPolicy","namespaced":false}]}"""),
        "/apis/discovery.k8s.io/v1beta1" => response.JsonAsync("""{"resources":[{"name":"endpointslices","kind":"EndpointSlice","namespaced":true}]}"""),
        "/apis/example.com/v1" => response.JsonAsync("""{"resources":[{"name":"widgets","kind":"Widget","namespaced":true}]}"""),
        _ => response.StatusAsync(404, "NotFound", "no such path"),
    });
}
