namespace Mesh.Model;

/// <summary>What created the workload (istio.workload.WorkloadType).</summary>
public enum WorkloadKind
{
    Deployment = 0,
    CronJob = 1,
    Pod = 2,
    Job = 3,
}
