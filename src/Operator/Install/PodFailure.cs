namespace Mesh.Operator.Install;

/// <summary>Why a pod does not start; an image that cannot be pulled is told apart from the rest.</summary>
internal sealed record PodFailure(bool IsImage, string Message);
