using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Mesh.Xds.Grpc;
using Mesh.Xds.Protos;

namespace Mesh.Xds.Client;

/// <summary>Asks the certificate service for a workload certificate. Any number of calls may run at a time.</summary>
public sealed class CertificateClient(CertificateClientOptions options, TimeProvider time)
{
    internal const string ImpersonatedIdentity = "ImpersonatedIdentity";
    private const int ResponseBytesMax = 1024 * 1024;

    /// <summary>
    /// One attempt. A node proxy names the identity it asks for; a workload of its own gets the caller's. Throws only when told to stop.
    /// </summary>
    public async Task<CertificateAnswer> CreateAsync(string signingRequestPem, TimeSpan validity, string? identity, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        try
        {
            return await CallAsync(Message(signingRequestPem, validity, identity), either.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return Refused(GrpcCode.DeadlineExceeded, $"no answer within {options.Timeout}");
        }
        catch (Exception e) when (!stop.IsCancellationRequested) // Cancelled by nobody is a failure too: so the connect timeout says it.
        {
            return Refused(GrpcCode.Unavailable, GrpcHttp.Explain(e));
        }
    }

    private async Task<CertificateAnswer> CallAsync(IstioCertificateRequest message, CancellationToken stop)
    {
        using var http = options.Connect();
        using var content = new ByteArrayContent(GrpcPrefix.Frame(message));
        content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        using var request = await GrpcHttp.RequestAsync(GrpcHttp.CertificateMethod, options.Server, content, new GrpcHeaders(options), stop);
        using var response = await http.SendAsync(request, stop);
        if (GrpcHttp.EarlyStatus(response) is { } early) return new CertificateAnswer.Refused(early);
        await using var body = await response.Content.ReadAsStreamAsync(stop);
        using var reader = new MessageReader(body, ResponseBytesMax);
        var read = await reader.ReadAsync(stop);
        var chain = read == GrpcRead.Message ? Parse(reader.Message) : null;
        while (read == GrpcRead.Message) read = await reader.ReadAsync(stop); // The trailers come after the end.
        if (read != GrpcRead.End) return Refused(GrpcCode.Internal, "the response is cut off, too large or not gRPC");
        var status = GrpcHttp.TrailingStatus(response);
        if (status.Code != GrpcCode.Ok) return new CertificateAnswer.Refused(status);
        return chain is { Count: >= 2 }
            ? new CertificateAnswer.Issued(chain)
            : Refused(GrpcCode.Internal, "the response has no leaf and root");
    }

    private static IReadOnlyList<string>? Parse(ReadOnlyMemory<byte> message)
    {
        try { return [.. IstioCertificateResponse.Parser.ParseFrom(message.Span).CertChain]; }
        catch (InvalidProtocolBufferException) { return null; }
    }

    private static IstioCertificateRequest Message(string signingRequestPem, TimeSpan validity, string? identity)
    {
        var message = new IstioCertificateRequest { Csr = signingRequestPem, ValidityDuration = (long)validity.TotalSeconds };
        if (identity is not null)
        {
            message.Metadata = new Struct();
            message.Metadata.Fields[ImpersonatedIdentity] = Value.ForString(identity);
        }
        return message;
    }

    private static CertificateAnswer.Refused Refused(GrpcCode code, string message) => new(new GrpcStatus(code, message));
}
