using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Dns;

/// <summary>A name that the mesh knows.</summary>
/// <param name="Service">The service it names.</param>
/// <param name="Pod">Set when it names one workload of the service, as the pods of a StatefulSet have names.</param>
/// <param name="KeptChars">How much of the asked name is left when a search suffix had to be taken away; zero when the answer needs no alias.</param>
internal readonly record struct MeshName(MeshService Service, string? Pod, int KeptChars);
