
using Mesh.Linux.Namespaces;

namespace Mesh.Cni.Agent;

/// <summary>A process of a pod and the network namespace it was seen in.</summary>
internal readonly record struct ProcessNamespace(int ProcessId, ulong StartTime, NamespaceIdentity Namespace);
