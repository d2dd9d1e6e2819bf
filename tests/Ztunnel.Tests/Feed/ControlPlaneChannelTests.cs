using System.Net;
using System.Security.Authentication;
using Mesh.Ztunnel.Feed;
using Mesh.Ztunnel.Options;

namespace Mesh.Ztunnel.Tests.Feed;

public sealed class ControlPlaneChannelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_below_an_intermediate_is_trusted_by_its_root(bool inFile)
    {
        await using var server = await TlsServer.StartAsync();

        Assert.Null(await ProblemAsync(server, inFile ? Write("root.pem", server.RootPem) : server.RootPem));
    }

    [Fact]
    public async Task A_root_file_is_read_anew_for_each_connection()
    {
        await using var server = await TlsServer.StartAsync();
        await using var other = await TlsServer.StartAsync();
        var channel = Channel(server, Write("root.pem", other.RootPem));
        Assert.NotNull(await ProblemAsync(server, channel));

        Write("root.pem", server.RootPem);

        Assert.Null(await ProblemAsync(server, channel));
    }

    [Fact]
    public async Task A_server_of_another_root_another_name_or_another_purpose_is_refused()
    {
        await using var server = await TlsServer.StartAsync();
        await using var elsewhere = await TlsServer.StartAsync(name: "istiod.example");
        await using var client = await TlsServer.StartAsync(usage: TlsServer.ClientAuthentication);

        Assert.NotNull(await ProblemAsync(server, elsewhere.RootPem));
        Assert.NotNull(await ProblemAsync(server, "SYSTEM"));
        Assert.NotNull(await ProblemAsync(elsewhere, elsewhere.RootPem));
        Assert.NotNull(await ProblemAsync(client, client.RootPem));
    }

    [Fact]
    public async Task A_server_may_prove_the_alternative_name_but_needs_the_root_all_the_same()
    {
        await using var server = await TlsServer.StartAsync(name: "istiod.example");
        await using var other = await TlsServer.StartAsync();

        Assert.Null(await ProblemAsync(server, Channel(server, server.RootPem, "istiod.example")));
        Assert.NotNull(await ProblemAsync(server, Channel(server, server.RootPem, "another.example")));
        Assert.NotNull(await ProblemAsync(server, Channel(server, other.RootPem, "istiod.example")));
    }

    [Theory]
    [InlineData(SslProtocols.Tls13, false, true)]
    [InlineData(SslProtocols.Tls12, false, false)]
    [InlineData(SslProtocols.Tls12, true, true)]
    public async Task Only_the_tls_that_proxies_speak_is_spoken_unless_the_operator_allows_the_one_before(SslProtocols protocols, bool allows, bool connects)
    {
        await using var server = await TlsServer.StartAsync(protocols: protocols);
        var channel = new ControlPlaneChannel(Server(server.Address, server.RootPem) with { AllowsTls12 = allows }, token: null);

        Assert.Equal(connects, await ProblemAsync(server, channel) is null);
    }

    [Fact]
    public async Task A_rotated_token_is_shown_and_one_that_is_missing_is_a_failure_not_its_path()
    {
        var path = Write("token", "one\n");
        var channel = new ControlPlaneChannel(Server(new Uri("https://localhost"), "SYSTEM"), path);
        Assert.Equal("one", await channel.ReadTokenAsync(CancellationToken.None));
        Write("token", "two");
        Assert.Equal("two", await channel.ReadTokenAsync(CancellationToken.None));

        File.Delete(path);

        await Assert.ThrowsAsync<FileNotFoundException>(() => channel.ReadTokenAsync(CancellationToken.None).AsTask());
    }

    [Fact]
    public async Task A_token_file_may_come_after_the_start_and_a_token_may_be_written_out()
    {
        var late = new ControlPlaneChannel(Server(new Uri("https://localhost"), "SYSTEM"), Path.Combine(_folder, "late"));
        Write("late", "three");
        Assert.Equal("three", await late.ReadTokenAsync(CancellationToken.None));
        var literal = new ControlPlaneChannel(Server(new Uri("https://localhost"), "SYSTEM"), "eyJhbGciOiJSUzI1NiJ9.e30.c2ln");
        Assert.Equal("eyJhbGciOiJSUzI1NiJ9.e30.c2ln", await literal.ReadTokenAsync(CancellationToken.None));
    }

    private static ControlPlaneOptions Server(Uri address, string root, string? alternativeName = null) =>
        new() { Address = address, Root = root, AlternativeName = alternativeName };

    private static ControlPlaneChannel Channel(TlsServer server, string root, string? alternativeName = null) =>
        new(Server(server.Address, root, alternativeName), token: null);

    private static Task<Exception?> ProblemAsync(TlsServer server, string root) => ProblemAsync(server, Channel(server, root));

    /// <summary>Why no answer came; null when one did.</summary>
    private static async Task<Exception?> ProblemAsync(TlsServer server, ControlPlaneChannel channel)
    {
        using var http = channel.Connect();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Address)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        try
        {
            using var response = await http.SendAsync(request, CancellationToken.None);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return null;
        }
        catch (HttpRequestException e)
        {
            return e;
        }
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
