using Mesh.Model;

namespace Mesh.ControlPlane.Translate;

/// <summary>
/// What became of a user's policy: what ztunnel gets (if anything), what it cannot enforce, and what nobody can understand.
/// </summary>
internal sealed record PolicyTranslation(AuthorizationPolicy? Policy, IReadOnlyList<string> Unsupported, IReadOnlyList<string> Malformed)
{
    public static PolicyTranslation NotForZtunnel { get; } = new(null, [], []);
}
