namespace Mesh.Ztunnel.Dns;

/// <summary>What became of a request at once.</summary>
internal enum DnsOutcome
{
    /// <summary>The answer is written.</summary>
    Answered,

    /// <summary>Nobody can be answered.</summary>
    Dropped,

    /// <summary>It takes a name server, or a workload that is not known yet.</summary>
    Deferred,
}
