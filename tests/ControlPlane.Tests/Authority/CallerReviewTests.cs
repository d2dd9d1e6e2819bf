using Mesh.ControlPlane.Authority;
using Mesh.ControlPlane.Tests.Serve;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Reviews;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.ControlPlane.Tests.Authority;

/// <summary>Who gets a question to the API server, and who has to wait.</summary>
public sealed class CallerReviewTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private readonly CallerReview _review;
    private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _asked;

    public CallerReviewTests() => _review = new CallerReview(AskAsync, ["istio-ca"], TimeProvider.System, NullLogger.Instance);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _review.Dispose();

    [Theory]
    [InlineData("x.y.z")]
    [InlineData("head.ztunnel.tail")]
    [InlineData("a.b")]
    [InlineData("..")]
    public async Task Text_that_is_no_token_costs_no_question(string token)
    {
        Assert.Equal(CallerAnswer.Nobody, await FindAsync(token));
        Assert.Equal(0, _asked);
    }

    [Theory]
    [InlineData("""{"sub":"somebody","aud":["istio-ca"]}""")]
    [InlineData("""{"sub":5}""")]
    [InlineData("""{"aud":["istio-ca"]}""")]
    [InlineData("""{"sub":"system:serviceaccount:a:b","aud":["https://elsewhere.example"]}""")]
    [InlineData("""{"sub":"system:serviceaccount:a:b","aud":7}""")]
    [InlineData("""{"sub":"system:serviceaccount:a:b","aud":["istio-ca"],"exp":1000}""")]
    [InlineData("""{"sub":"system:serviceaccount:a:b","aud":["istio-ca"],"exp":"soon"}""")]
    [InlineData("""["sub"]""")]
    [InlineData("nonsense")]
    public async Task A_token_that_cannot_be_meant_for_us_costs_no_question(string payload)
    {
        Assert.Equal(CallerAnswer.Nobody, await FindAsync(Tokens.Of(payload)));
        Assert.Equal(0, _asked);
    }

    [Theory]
    [InlineData("""{"sub":"system:serviceaccount:shop:cart","aud":"istio-ca"}""")]
    [InlineData("""{"sub":"system:serviceaccount:shop:cart","aud":["other","istio-ca"],"exp":4102444800.5}""")]
    [InlineData("""{"sub":"system:serviceaccount:shop:cart"}""")]
    public async Task A_token_that_may_be_good_is_asked_about_once(string payload)
    {
        _answer.SetResult();

        Assert.Equal("cart", (await FindAsync(Tokens.Of(payload))).Caller?.ServiceAccount);
        Assert.Equal("cart", (await FindAsync(Tokens.Of(payload))).Caller?.ServiceAccount);
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task Many_who_show_one_token_are_one_question()
    {
        var all = Enumerable.Range(0, 100).Select(_ => FindAsync(Tokens.Create("shop", "cart"))).ToList();
        _answer.SetResult();

        Assert.All(await Task.WhenAll(all).WaitAsync(Patience, Stop), answer => Assert.Equal("cart", answer.Caller?.ServiceAccount));
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task A_flood_from_one_address_keeps_nobody_else_out()
    {
        var flood = Enumerable.Range(0, 1000).Select(i => FindAsync(Tokens.Create("evil", "x", more: $",\"n\":{i}"), "192.0.2.1")).ToList();
        Assert.Equal(992, flood.Count(one => one is { IsCompletedSuccessfully: true, Result.IsBusy: true }));

        var honest = FindAsync(Tokens.Create("shop", "cart"), "192.0.2.2");
        Assert.False(honest.IsCompleted);
        _answer.SetResult();
        Assert.Equal("cart", (await honest.WaitAsync(Patience, Stop)).Caller?.ServiceAccount);
    }

    [Fact]
    public async Task A_flood_from_everywhere_is_told_to_come_again_and_ends()
    {
        var flood = Enumerable.Range(0, 1000).Select(i => FindAsync(Tokens.Create("evil", "x", more: $",\"n\":{i}"), $"192.0.2.{i}")).ToList();

        Assert.Equal(1000 - 272, flood.Count(one => one is { IsCompletedSuccessfully: true, Result.IsBusy: true }));
        var answers = await Task.WhenAll(flood).WaitAsync(Patience + Patience, Stop); // Nobody waits longer than a question may take.
        Assert.All(answers, answer => Assert.True(answer.IsBusy));
        _answer.SetResult();
        Assert.Equal("cart", (await FindAsync(Tokens.Create("shop", "cart")).WaitAsync(Patience, Stop)).Caller?.ServiceAccount);
    }

    [Fact]
    public async Task A_flood_of_refusals_makes_nobody_forgotten()
    {
        _answer.SetResult();
        await FindAsync(Tokens.Create("shop", "cart"));
        for (var i = 0; i < 10_100; i++) Assert.Null((await FindAsync(Tokens.Create("evil", "x", more: $",\"n\":{i}"))).Caller);
        var before = _asked;

        Assert.NotNull((await FindAsync(Tokens.Create("shop", "cart"))).Caller);

        Assert.Equal(before, _asked);
    }

    private Task<CallerAnswer> FindAsync(string token, string address = "192.0.2.9") => _review.FindAsync("Bearer " + token, address, Stop);

    private async Task<(TokenReviewResult? Result, ApiError? Error)> AskAsync(string token, CancellationToken stop)
    {
        Interlocked.Increment(ref _asked);
        await _answer.Task.WaitAsync(stop);
        var isCart = System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]))
            .Contains("system:serviceaccount:shop:cart", StringComparison.Ordinal);
        return (new TokenReviewResult
        {
            Authenticated = isCart,
            User = isCart ? "system:serviceaccount:shop:cart" : "",
            Groups = ["system:serviceaccounts"],
        }, null);
    }
}
