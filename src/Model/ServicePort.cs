namespace Mesh.Model;

/// <summary>One port of a service; target 0 means that each endpoint names its own (istio.workload.Port).</summary>
public readonly record struct ServicePort(ushort Port, ushort TargetPort, AppProtocol AppProtocol = AppProtocol.Unknown);
