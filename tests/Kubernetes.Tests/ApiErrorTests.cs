using System.Text;

namespace Mesh.Kubernetes.Tests;

public sealed class ApiErrorTests
{
    [Theory]
    [InlineData("NotFound", 404, ApiErrorReason.NotFound)]
    [InlineData("AlreadyExists", 409, ApiErrorReason.AlreadyExists)]
    [InlineData("Conflict", 409, ApiErrorReason.Conflict)]
    [InlineData("Gone", 410, ApiErrorReason.Expired)]
    [InlineData("Expired", 410, ApiErrorReason.Expired)]
    [InlineData("Invalid", 422, ApiErrorReason.Invalid)]
    [InlineData("Forbidden", 403, ApiErrorReason.Forbidden)]
    [InlineData("Unauthorized", 401, ApiErrorReason.Unauthorized)]
    [InlineData("TooManyRequests", 429, ApiErrorReason.TooManyRequests)]
    [InlineData("Timeout", 504, ApiErrorReason.ServerTimeout)]
    [InlineData("ServerTimeout", 500, ApiErrorReason.ServerTimeout)]
    [InlineData("InternalError", 500, ApiErrorReason.InternalError)]
    [InlineData("", 503, ApiErrorReason.ServiceUnavailable)]
    [InlineData("SomethingOfTomorrow", 418, ApiErrorReason.Other)]
    public void The_reason_of_a_status_becomes_ours(string reason, int code, ApiErrorReason expected)
    {
        var error = ApiError.FromResponse(code, Encoding.UTF8.GetBytes($$"""{"kind":"Status","reason":"{{reason}}","message":"so","code":{{code}}}"""), null);

        Assert.Equal((expected, code, "so"), (error.Reason, error.StatusCode, error.Message));
    }

    [Fact]
    public void Causes_keep_field_and_message()
    {
        var error = ApiError.FromResponse(
            422,
            """{"kind":"Status","reason":"Invalid","code":422,"message":"bad","details":{"causes":[{"reason":"FieldValueRequired","message":"Required value","field":"spec.ports"},{}]}}"""u8,
            null);

        Assert.Equal([new ApiErrorCause("FieldValueRequired", "spec.ports", "Required value"), new ApiErrorCause("", "", "")], error.Causes);
    }

    [Theory]
    [InlineData("""{"kind":"Status","reason":"TooManyRequests","code":429,"details":{"retryAfterSeconds":3}}""", null, 3)]
    [InlineData("""{"kind":"Status","reason":"TooManyRequests","code":429,"details":{"retryAfterSeconds":3}}""", 7, 7)]
    [InlineData("Too many requests", 1, 1)]
    public void The_time_to_wait_comes_from_the_header_or_the_body(string body, int? header, int expected)
    {
        var error = ApiError.FromResponse(429, Encoding.UTF8.GetBytes(body), header is { } s ? TimeSpan.FromSeconds(s) : null);

        Assert.Equal(ApiErrorReason.TooManyRequests, error.Reason);
        Assert.Equal(TimeSpan.FromSeconds(expected), error.RetryAfter);
        Assert.True(error.IsTransient);
    }

    [Theory]
    [InlineData("upstream connect error", "upstream connect error")]
    [InlineData("", "HTTP status 502")]
    [InlineData("{\"kind\":\"Pod\"}", "{\"kind\":\"Pod\"}")]
    [InlineData("{\"kind\":", "{\"kind\":")]
    public void An_answer_that_is_no_status_is_shown_as_it_is(string body, string message)
    {
        var error = ApiError.FromResponse(502, Encoding.UTF8.GetBytes(body), null);

        Assert.Equal((ApiErrorReason.Other, message), (error.Reason, error.Message));
    }

    [Theory]
    [InlineData("conflict with \"kubectl\" using apps/v1", "kubectl")]
    [InlineData("conflicts with \"helm\" with subresource \"status\" using v1 at 2026-01-01T00:00:00Z:", "helm")]
    [InlineData("conflict", "")]
    public void An_apply_conflict_names_its_manager(string message, string manager) =>
        Assert.Equal(new ApplyConflict(manager, ".spec.replicas", message), ApplyConflict.From(new ApiErrorCause("FieldManagerConflict", ".spec.replicas", message)));
}
