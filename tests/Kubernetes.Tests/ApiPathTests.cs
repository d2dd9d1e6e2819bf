using Mesh.Kubernetes.Objects;

namespace Mesh.Kubernetes.Tests;

public sealed class ApiPathTests
{
    [Fact]
    public void Core_objects_live_under_api() =>
        Assert.Equal("/api/v1/namespaces/shop/pods/cart-0/status", ApiPath.Object(Pod.Resource, new ObjectKey("shop", "cart-0"), "status"));

    [Fact]
    public void Named_groups_live_under_apis() =>
        Assert.Equal("/apis/apps/v1/namespaces/shop/daemonsets", ApiPath.Collection(DaemonSet.Resource, "shop"));

    [Fact]
    public void No_namespace_means_all_of_them() => Assert.Equal("/apis/apps/v1/deployments", ApiPath.Collection(Deployment.Resource));

    [Fact]
    public void Cluster_scoped_objects_have_no_namespace() =>
        Assert.Equal("/api/v1/nodes/a", ApiPath.Object(Node.Resource, ObjectKey.ClusterScoped("a")));

    [Fact]
    public void Names_are_escaped() =>
        Assert.Equal("/api/v1/nodes/system%3Aa%20b", ApiPath.Object(Node.Resource, ObjectKey.ClusterScoped("system:a b")));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a%2fb")]
    public void A_name_that_would_lead_elsewhere_is_refused(string name) =>
        Assert.Throws<ArgumentException>(() => ApiPath.Object(Node.Resource, ObjectKey.ClusterScoped(name)));

    [Fact]
    public void A_namespaced_object_without_a_namespace_is_refused() =>
        Assert.Throws<ArgumentException>(() => ApiPath.Object(Pod.Resource, new ObjectKey("", "cart-0")));

    [Fact]
    public void A_cluster_scoped_kind_with_a_namespace_is_refused() =>
        Assert.Throws<ArgumentException>(() => ApiPath.Collection(Node.Resource, "shop"));
}
