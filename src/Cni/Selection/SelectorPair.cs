using Mesh.Kubernetes.Objects;

namespace Mesh.Cni.Selection;

/// <summary>Pods of these labels in namespaces of those labels.</summary>
internal sealed record SelectorPair(LabelSelector Pods, LabelSelector Namespaces);
