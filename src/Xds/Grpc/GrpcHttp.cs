using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;

namespace Mesh.Xds.Grpc;

/// <summary>gRPC calls over an HTTP/2 client: requests, and the status from headers or trailers.</summary>
public static class GrpcHttp
{
    public const string DeltaMethod = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
    public const string CertificateMethod = "/istio.v1.auth.IstioCertificateService/CreateCertificate";

    /// <summary>An invoker with the timeouts that control-plane connections want: dial 5 s, HTTP/2 ping 30 s, answer within 10 s.</summary>
    public static HttpMessageInvoker CreateInvoker(SslClientAuthenticationOptions tls) => new(
        new SocketsHttpHandler
        {
            SslOptions = tls,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            ActivityHeadersPropagator = null,
        },
        disposeHandler: true);

    internal static async ValueTask<HttpRequestMessage> RequestAsync(
        string method, Uri server, HttpContent content, GrpcHeaders headers, CancellationToken stop)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Headers.TryAddWithoutValidation("user-agent", "mesh");
        if (await headers.Token(stop) is { } token) request.Headers.TryAddWithoutValidation("authorization", "Bearer " + token);
        request.Headers.TryAddWithoutValidation("clusterid", headers.ClusterId);
        foreach (var (name, value) in headers.Extra) request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    /// <summary>The status of a call that ended with its headers, or of a peer that does not speak gRPC; null when messages follow.</summary>
    internal static GrpcStatus? EarlyStatus(HttpResponseMessage response)
    {
        if (First(response.Headers, "grpc-status") is { } code) return GrpcStatus.Parse(code, First(response.Headers, "grpc-message"));
        if (response.StatusCode == HttpStatusCode.OK) return null;
        return new GrpcStatus(GrpcCode.Unavailable, $"HTTP status {(int)response.StatusCode}");
    }

    internal static GrpcStatus TrailingStatus(HttpResponseMessage response) =>
        GrpcStatus.Parse(First(response.TrailingHeaders, "grpc-status"), First(response.TrailingHeaders, "grpc-message"));

    /// <summary>The innermost message tells most about a connection that failed.</summary>
    internal static string Explain(Exception e)
    {
        while (e.InnerException is { } inner) e = inner;
        return e.Message;
    }

    private static string? First(HttpHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
