namespace Mesh.Ztunnel.Admin;

/// <summary>A thread's name and the seconds of processor time it has used in its own code and in the kernel.</summary>
internal readonly record struct ThreadTime(string Name, double UserSeconds, double SystemSeconds);
