namespace Mesh.Kubernetes.Tests;

public sealed class ApiVersionOrderTests
{
    [Fact]
    public void Stable_comes_before_beta_before_alpha_and_newer_before_older()
    {
        string[] versions = ["v1alpha1", "foo10", "v1", "v2beta1", "v10", "v1beta2", "v2", "v11alpha2", "v1beta10", "bar", "v12alpha1"];

        Array.Sort(versions, ApiVersionOrder.NewestFirst);

        Assert.Equal(["v10", "v2", "v1", "v2beta1", "v1beta10", "v1beta2", "v12alpha1", "v11alpha2", "v1alpha1", "bar", "foo10"], versions);
    }
}
