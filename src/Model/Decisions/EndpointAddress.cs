using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>Which address of an endpoint to dial.</summary>
internal static class EndpointAddress
{
    /// <summary>The dialled address if the workload has it; else the first the service's families allow, the caller's family first.</summary>
    public static Ip? Choose(MeshWorkload workload, Ip dialled, IpFamilies families)
    {
        if (workload.HasAddress(dialled)) return dialled;
        Ip? other = null;
        for (var i = 0; i < workload.AddressCount; i++)
        {
            var ip = workload.AddressAt(i);
            if ((families == IpFamilies.V4Only && !ip.IsV4) || (families == IpFamilies.V6Only && ip.IsV4)) continue;
            if (ip.IsV4 == dialled.IsV4) return ip;
            other ??= ip;
        }

        return other;
    }
}
