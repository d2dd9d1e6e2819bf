using System.Threading.RateLimiting;
using Mesh.ControlPlane.Authority;
using Mesh.Daemon.Logging;
using Mesh.Xds.Grpc;
using Mesh.Xds.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Mesh.ControlPlane.Serve;

/// <summary>
/// The calls of the TLS port: delta xDS and the certificate service. Every call is authenticated by its token before a byte of its
/// body is read. Any thread; one call per request.
/// </summary>
internal sealed class SecureEndpoint(
    DeltaServer server, CertificateAuthority authority, IssuancePolicy policy, CallerReview review, ControlPlaneOptions options,
    ControlPlaneMetrics metrics, CauseLog causes, Func<bool> isSynced) : IDisposable
{
    private const int StreamsPerSecondMax = 100;
    private static readonly int StreamsPerSecond = Math.Min(15 + (5 * Environment.ProcessorCount), StreamsPerSecondMax);

    // New streams are admitted at a steady rate, and wait about a second for their turn: a first push is work.
    private readonly TokenBucketRateLimiter _admission = new(new TokenBucketRateLimiterOptions
    {
        TokenLimit = StreamsPerSecond,
        TokensPerPeriod = StreamsPerSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = StreamsPerSecond,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        AutoReplenishment = true,
    });

    public void Dispose() => _admission.Dispose();

    public async Task ServeAsync(HttpContext context)
    {
        var request = context.Request;
        if (!HttpMethods.IsPost(request.Method) || request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) != true)
        {
            Refuse(context, "not-grpc", "not a gRPC call");
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }
        context.Response.ContentType = "application/grpc";
        var status = await CallAsync(context, request.Path.Value ?? "");
        if (context.RequestAborted.IsCancellationRequested) return;
        context.Response.AppendTrailer("grpc-status", status.CodeText);
        if (status.Message.Length > 0) context.Response.AppendTrailer("grpc-message", status.EncodedMessage);
    }

    private async Task<GrpcStatus> CallAsync(HttpContext context, string method)
    {
        try
        {
            return method switch
            {
                GrpcHttp.DeltaMethod => await StreamAsync(context),
                GrpcHttp.CertificateMethod => await CertifyAsync(context),
                _ => Refuse(context, "unknown-method", $"there is no method {(method.Length > 128 ? method[..128] : method)}", GrpcCode.Unimplemented),
            };
        }
        catch (Exception e) when (e is OperationCanceledException or IOException || context.RequestAborted.IsCancellationRequested)
        {
            return new GrpcStatus(GrpcCode.Cancelled); // The peer is gone.
        }
    }

    private async Task<GrpcStatus> StreamAsync(HttpContext context)
    {
        if (!isSynced()) return new GrpcStatus(GrpcCode.Unavailable, "the cluster is not known yet");
        var answer = await AuthenticateAsync(context);
        if (answer.IsBusy) return Busy(context);
        if (answer.Caller is not { } caller)
            return Refuse(context, "unauthenticated", "a stream without a valid token", GrpcCode.Unauthenticated, "authentication failure");
        using var admitted = await _admission.AcquireAsync(1, context.RequestAborted);
        if (!admitted.IsAcquired)
            return Refuse(context, "too-many-streams", "more streams per second than we admit", GrpcCode.ResourceExhausted);
        // A stream lives long and says little; its messages have a limit of their own.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        var status = await server.ServeAsync(
            context.Request.Body, context.Response.BodyWriter, new DeltaPeer(caller.Namespace, caller.ServiceAccount), context.RequestAborted);
        if (status.Code is GrpcCode.InvalidArgument or GrpcCode.PermissionDenied or GrpcCode.ResourceExhausted or GrpcCode.DeadlineExceeded)
            Refuse(context, status.Code == GrpcCode.InvalidArgument ? "malformed" : status.Code.ToString(), status.Message);
        return status;
    }

    private async Task<GrpcStatus> CertifyAsync(HttpContext context)
    {
        metrics.Requests.Increment();
        var answer = await AuthenticateAsync(context);
        if (answer.IsBusy) return Busy(context);
        if (answer.Caller is not { } caller)
        {
            metrics.AuthenticationFailures.Increment();
            return Refuse(context, "unauthenticated", "a certificate request without a valid token", GrpcCode.Unauthenticated, "request authenticate failure");
        }
        var (question, problem) = await CertificateCall.ReadAsync(context.Request.Body, context.RequestAborted);
        if (question is null) return Refuse(context, "malformed", problem.Message, problem.Code);
        if (!isSynced()) return new GrpcStatus(GrpcCode.Internal, "the cluster is not known yet");
        var decision = policy.Decide(caller, question.ImpersonatedIdentity);
        if (decision.Id is not { } id)
        {
            metrics.CertificateRefused(decision.Cause);
            return Refuse(
                context, decision.Cause, decision.Reason, GrpcCode.Unauthenticated, "request impersonation authentication failure");
        }
        var lifetime = question.ValiditySeconds <= 0 ? options.WorkloadTtlDefault
            : question.ValiditySeconds > options.WorkloadTtlMax.TotalSeconds ? TimeSpan.Zero
            : TimeSpan.FromSeconds(question.ValiditySeconds);
        if (lifetime == TimeSpan.Zero) return CertificateRefused(context, "ttl", $"a lifetime above {options.WorkloadTtlMax} is refused");
        if (authority.Issuer is null) return new GrpcStatus(GrpcCode.Internal, "the authority is not ready");
        var (chain, refusal) = authority.Issue(question.SigningRequestPem, id, lifetime);
        if (chain is null) return CertificateRefused(context, "bad-request", refusal ?? "");
        await CertificateCall.WriteAsync(context.Response.BodyWriter, chain, context.RequestAborted);
        metrics.Issued.Increment();
        return GrpcStatus.Ok;
    }

    private GrpcStatus CertificateRefused(HttpContext context, string cause, string reason)
    {
        metrics.CertificateRefused(cause);
        return Refuse(context, cause, reason, GrpcCode.InvalidArgument);
    }

    private GrpcStatus Busy(HttpContext context) =>
        Refuse(context, "too-many-tokens", "more unknown tokens at a time than the API server is asked about", GrpcCode.ResourceExhausted);

    private Task<CallerAnswer> AuthenticateAsync(HttpContext context)
    {
        string? cluster = context.Request.Headers["clusterid"];
        // Tokens of other clusters would have to be reviewed by their API servers, which we do not know.
        if (!string.IsNullOrEmpty(cluster) && cluster != options.Mesh.ClusterId) return Task.FromResult(CallerAnswer.Nobody);
        return review.FindAsync(
            context.Request.Headers.Authorization, context.Connection.RemoteIpAddress?.ToString() ?? "?", context.RequestAborted);
    }

    private GrpcStatus Refuse(HttpContext context, string cause, string reason, GrpcCode code = GrpcCode.Unknown, string? told = null)
    {
        metrics.Refused(options.SecurePort, cause);
        causes.Warn(cause, reason, context.Connection.RemoteIpAddress?.ToString() ?? "?");
        return new GrpcStatus(code, told ?? reason);
    }
}
