using Mesh.Linux;

namespace Mesh.Hbone;

/// <summary>Bytes each way and how it ended. Status is the CONNECT's answer, 0 where there was none.</summary>
public readonly record struct RelayResult(long BytesFromFirst, long BytesFromSecond, RelayEnd End, Errno Error, int Status);
