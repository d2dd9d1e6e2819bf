using Mesh.Kubernetes;

namespace Mesh.Operator.Install;

/// <summary>One object after a pass.</summary>
internal sealed record Applied(ApplyAction Action, KubernetesObject Object);
