namespace Mesh.Linux.Loops;

/// <summary>A connected socket, or the kernel's reason why there is none.</summary>
public readonly record struct ConnectOutcome(Errno Error, LoopSocket? Socket);
