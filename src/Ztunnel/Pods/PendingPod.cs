using Mesh.Inpod;

namespace Mesh.Ztunnel.Pods;

/// <summary>A pod that the agent gave and whose proxy could not be started yet.</summary>
internal sealed record PendingPod(string Uid, PodInfo Info);
