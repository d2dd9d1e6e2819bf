namespace Mesh.Bench;

/// <summary>Says what is missing before anything starts.</summary>
internal static class Requirements
{
    private static readonly (string Tool, string Package)[] Tools =
    [
        ("ip", "iproute2"), ("ss", "iproute2"), ("nft", "nftables"), ("setpriv", "util-linux"), ("nginx", "nginx-light"), ("iperf3", "iperf3"), ("wrk", "wrk"),
        ("h2load", "nghttp2-client"), ("haproxy", "haproxy"), ("gcc", "gcc"), ("openssl", "openssl"), ("curl", "curl"), ("python3", "python3"), ("strace", "strace"),
    ];

    public static void Check()
    {
        if (Environment.UserName != "root") throw new BenchException("it makes network namespaces: run it as root");
        var missing = Tools.Where(t => !Shell.Has(t.Tool)).Select(t => t.Package).Distinct(StringComparer.Ordinal).ToArray();
        if (missing.Length > 0) throw new BenchException($"missing; install them: apt-get install {string.Join(' ', missing)}");
    }
}
