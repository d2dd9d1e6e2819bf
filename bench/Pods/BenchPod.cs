using Mesh.Linux.Namespaces;

namespace Mesh.Bench.Pods;

/// <summary>A network namespace that stands for a pod; its name is its service account's too, hence its identity.</summary>
internal sealed record BenchPod(string Name, string Netns, string Ip, NetworkNamespace Namespace);
