namespace Mesh.Kubernetes;

/// <summary>A field we wanted that another manager owns with another value.</summary>
public sealed record ApplyConflict(string Manager, string Field, string Message)
{
    // "conflict with "kubectl" using apps/v1", or several: "conflicts with "kubectl" using apps/v1:".
    internal static ApplyConflict From(ApiErrorCause cause)
    {
        var first = cause.Message.IndexOf('"', StringComparison.Ordinal);
        var last = first < 0 ? -1 : cause.Message.IndexOf('"', first + 1);
        return new ApplyConflict(last > first ? cause.Message[(first + 1)..last] : "", cause.Field, cause.Message);
    }
}
