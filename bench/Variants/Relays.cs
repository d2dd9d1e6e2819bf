namespace Mesh.Bench.Variants;

/// <summary>Two plain TCP relays, one epoll loop each: the yardstick of all ratios. Written in C, built here.</summary>
internal sealed class Relays() : Variant("relays")
{
    private const int FirstListen = 15001;
    private const int FirstBetween = 15101;

    public override void Start(Site site)
    {
        var binary = Path.Combine(site.Work, "relay");
        if (!File.Exists(binary)) Shell.Run($"gcc -O2 -o '{binary}' '{Path.Combine(AppContext.BaseDirectory, "Relay/relay.c")}'");
        var redirections = new List<(int, int)>();
        foreach (var (port, path, offset) in ((int, List<System.Diagnostics.Process>, int)[])[(Site.HttpPort, HttpPath, 0), (Site.BulkPort, BulkPath, 1)])
        {
            string[] near = [$"{FirstListen + offset}", Site.ServerIp, $"{FirstBetween + offset}"];
            string[] far = [$"{FirstBetween + offset}", "127.0.0.1", $"{port}"];
            path.Add(Shell.Start(Site.ClientNode, binary, near, Path.Combine(site.Work, "relay-a.log")));
            path.Add(Shell.Start(Site.ServerNode, binary, far, Path.Combine(site.Work, "relay-b.log")));
            Site.AwaitListener(Site.ClientNode, FirstListen + offset);
            Site.AwaitListener(Site.ServerNode, FirstBetween + offset);
            redirections.Add((port, FirstListen + offset));
        }

        Site.Redirect([.. redirections]);
    }
}
