using Mesh.Model;

namespace Mesh.ControlPlane.Translate;

/// <summary>What became of a user's policy: what ztunnel gets (if anything) and what it cannot enforce.</summary>
internal sealed record PolicyTranslation(AuthorizationPolicy? Policy, IReadOnlyList<string> Unsupported)
{
    public static PolicyTranslation NotForZtunnel { get; } = new(null, []);
}
