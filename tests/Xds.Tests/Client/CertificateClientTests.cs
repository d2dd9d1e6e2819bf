using Mesh.Xds.Client;
using Mesh.Xds.Grpc;
using Mesh.Xds.Protos;

namespace Mesh.Xds.Tests.Client;

public sealed class CertificateClientTests
{
    private const string Identity = "spiffe://cluster.local/ns/shop/sa/web";

    [Fact]
    public async Task A_connection_that_is_not_made_in_time_is_a_refusal_that_says_so()
    {
        var client = Client(new Uri("http://192.0.2.1"), static () => new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromMilliseconds(20),
            ConnectCallback = static async (_, stop) =>
            {
                await Task.Delay(Timeout.Infinite, stop);
                return Stream.Null;
            },
        }));

        var refused = Assert.IsType<CertificateAnswer.Refused>(await client.CreateAsync("csr", TimeSpan.FromHours(1), Identity, CancellationToken.None));

        Assert.Equal(GrpcCode.Unavailable, refused.Status.Code);
        Assert.Contains("ConnectTimeout", refused.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_does_not_answer_is_given_up()
    {
        await using var server = await ScriptedServer.StartAsync();
        var client = Client(server.Address, timeout: TimeSpan.FromMilliseconds(200));

        var refused = Assert.IsType<CertificateAnswer.Refused>(await client.CreateAsync("csr", TimeSpan.FromHours(1), Identity, CancellationToken.None));

        Assert.Equal(GrpcCode.DeadlineExceeded, refused.Status.Code);
    }

    [Fact]
    public async Task Only_being_told_to_stop_is_thrown()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var stop = new CancellationTokenSource();
        var asking = Client(server.Address).CreateAsync("csr", TimeSpan.FromHours(1), Identity, stop.Token);
        await server.NextCallAsync();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task A_request_names_the_identity_the_life_and_the_configured_headers()
    {
        await using var server = await ScriptedServer.StartAsync();
        var asking = Client(server.Address).CreateAsync("csr", TimeSpan.FromHours(1), Identity, CancellationToken.None);

        var call = await server.NextCallAsync();
        var request = IstioCertificateRequest.Parser.ParseFrom(await call.ReceiveBytesAsync());
        Assert.Equal(("csr", 3600L, Identity), (request.Csr, request.ValidityDuration, request.Metadata.Fields["ImpersonatedIdentity"].StringValue));
        Assert.Equal(("Bearer token", "east", "blue"), (call.Headers.Authorization.ToString(), call.Headers["clusterid"].ToString(), call.Headers["x-tenant"].ToString()));
        await call.SendAsync(new IstioCertificateResponse { CertChain = { "leaf", "middle", "root" } });
        call.End(GrpcCode.Ok);

        Assert.Equal(["leaf", "middle", "root"], Assert.IsType<CertificateAnswer.Issued>(await asking).Chain);
    }

    [Theory]
    [InlineData(GrpcCode.PermissionDenied, 2, "PermissionDenied: no")]
    [InlineData(GrpcCode.Ok, 1, "Internal: the response has no leaf and root")]
    public async Task What_is_no_certificate_is_a_refusal_with_its_reason(GrpcCode code, int certificates, string reason)
    {
        await using var server = await ScriptedServer.StartAsync();
        var asking = Client(server.Address).CreateAsync("csr", TimeSpan.FromHours(1), Identity, CancellationToken.None);
        var call = await server.NextCallAsync();
        await call.SendAsync(new IstioCertificateResponse { CertChain = { Enumerable.Repeat("pem", certificates) } });
        call.End(code, code == GrpcCode.Ok ? "" : "no");

        Assert.Equal(reason, Assert.IsType<CertificateAnswer.Refused>(await asking).Status.ToString());
    }

    private static CertificateClient Client(Uri server, Func<HttpMessageInvoker>? connect = null, TimeSpan? timeout = null) => new(
        new CertificateClientOptions
        {
            Server = server,
            Connect = connect ?? (static () => new HttpMessageInvoker(new SocketsHttpHandler())),
            Token = static _ => ValueTask.FromResult<string?>("token"),
            ClusterId = "east",
            Headers = [new("x-tenant", "blue")],
            Timeout = timeout ?? ScriptedServer.Patience,
        },
        TimeProvider.System);
}
