using Mesh.Kubernetes.Reviews;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Reviews;

public sealed class TokenReviewResultTests
{
    [Theory]
    [InlineData("system:serviceaccount:shop:cart", "shop", "cart")]
    [InlineData("system:serviceaccount:shop:", null, null)]
    [InlineData("system:serviceaccount::cart", null, null)]
    [InlineData("system:serviceaccount:shop:cart:x", null, null)]
    [InlineData("system:node:a", null, null)]
    [InlineData("", null, null)]
    public void Only_a_well_formed_service_account_is_one(string user, string? space, string? name) =>
        Assert.Equal(
            space is null ? null : new ObjectKey(space, name!),
            new TokenReviewResult { Authenticated = true, User = user }.ServiceAccount);

    [Fact]
    public void Who_is_not_authenticated_has_no_account() =>
        Assert.Null(new TokenReviewResult { Authenticated = false, User = "system:serviceaccount:shop:cart" }.ServiceAccount);

    [Theory]
    [InlineData("""["istio-ca"]""", true)]
    [InlineData("""["other"]""", false)]
    [InlineData("null", false)]
    public async Task A_server_that_does_not_confirm_the_audience_is_not_believed(string audiences, bool expected)
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.JsonAsync(
            $$$"""{"status":{"authenticated":true,"audiences":{{{audiences}}},"user":{"username":"system:serviceaccount:shop:cart","extra":{"authentication.kubernetes.io/pod-name":["cart-0"],"authentication.kubernetes.io/node-name":["n"]} } } }"""));
        using var client = server.Client();

        var result = (await client.TryReviewTokenAsync("t", ["istio-ca"], Wait.Stop)).Get();

        Assert.Equal(expected, result.Authenticated);
        Assert.Equal(("cart-0", "n"), (result.PodName, result.NodeName));
        Assert.Equal("""{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"t","audiences":["istio-ca"]}}""", server.Requests[0].Body);
    }
}
