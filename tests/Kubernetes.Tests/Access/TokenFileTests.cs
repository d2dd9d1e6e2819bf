using Mesh.Kubernetes.Access;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Access;

public sealed class TokenFileTests : IDisposable
{
    private readonly Folder _folder = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_rotated_token_is_read_after_a_while()
    {
        var tokens = new TokenFile(_folder.Write("token", "one\n"), _time);
        Assert.Equal("one", await tokens.GetAsync(Wait.Stop));

        _folder.Write("token", "two\n");
        Assert.Equal("one", await tokens.GetAsync(Wait.Stop));
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("two", await tokens.GetAsync(Wait.Stop));
    }

    [Fact]
    public async Task A_refused_token_is_read_again_at_once()
    {
        var tokens = new TokenFile(_folder.Write("token", "one"), _time);
        await tokens.GetAsync(Wait.Stop);

        Assert.False(await tokens.TryRenewAsync("one", Wait.Stop));
        _folder.Write("token", "two");
        Assert.True(await tokens.TryRenewAsync("one", Wait.Stop));

        Assert.Equal("two", await tokens.GetAsync(Wait.Stop));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_last_good_token_outlives_a_bad_moment_of_the_file(bool gone)
    {
        var tokens = new TokenFile(_folder.Write("token", "one"), _time);
        await tokens.GetAsync(Wait.Stop);

        if (gone) File.Delete(_folder.File("token"));
        else _folder.Write("token", "");
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("one", await tokens.GetAsync(Wait.Stop));
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(null, "cannot be read")]
    public async Task Without_any_token_the_file_is_named(string? content, string expected)
    {
        if (content is not null) _folder.Write("token", content);
        var tokens = new TokenFile(_folder.File("token"), _time);

        var problem = await Assert.ThrowsAsync<CredentialsException>(async () => await tokens.GetAsync(Wait.Stop));

        Assert.Contains(_folder.File("token") + " " + expected, problem.Message, StringComparison.Ordinal);
    }
}
