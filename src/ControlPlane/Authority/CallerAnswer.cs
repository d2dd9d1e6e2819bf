namespace Mesh.ControlPlane.Authority;

/// <summary>Who calls; nobody when the token is no good, or when there was no asking: then the caller may try again.</summary>
internal readonly record struct CallerAnswer(Caller? Caller, bool IsBusy)
{
    public static readonly CallerAnswer Nobody;

    public static readonly CallerAnswer Busy = new(null, IsBusy: true);
}
