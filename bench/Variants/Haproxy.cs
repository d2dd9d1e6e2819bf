using System.Text;

namespace Mesh.Bench.Variants;

/// <summary>haproxy on both sides, mutual TLS 1.3 between them, one TLS connection per connection.</summary>
internal sealed class Haproxy() : Variant("haproxy")
{
    private const int FirstListen = 15001;
    private const int FirstBetween = 15101;

    public override void Start(Site site)
    {
        Pki.Make(site.Work);
        var connections = (Site.FilesMax - Site.FilesSpare) / FilesPerConnection;
        var head = $"global\n maxconn {connections}\n nbthread 2\ndefaults\n mode tcp\n timeout connect 5s\n timeout client 1h\n timeout server 1h\n";
        const string Tls = "ciphersuites TLS_AES_128_GCM_SHA256";
        var near = new StringBuilder(head);
        var far = new StringBuilder(head);
        foreach (var (port, offset) in ((int, int)[])[(Site.HttpPort, 0), (Site.BulkPort, 1)])
        {
            near.AppendLine($"listen p{port}\n bind *:{FirstListen + offset}\n server s {Site.ServerIp}:{FirstBetween + offset} ssl crt {site.Work}/client.pem "
                + $"ca-file {site.Work}/ca.pem verify required no-check-ssl ssl-min-ver TLSv1.3 {Tls}");
            far.AppendLine($"listen p{port}\n bind *:{FirstBetween + offset} ssl crt {site.Work}/server.pem ca-file {site.Work}/ca.pem verify required "
                + $"ssl-min-ver TLSv1.3 {Tls}\n server s 127.0.0.1:{port}");
        }

        foreach (var (node, text, name) in ((string, StringBuilder, string)[])[(Site.ClientNode, near, "haproxy-a"), (Site.ServerNode, far, "haproxy-b")])
        {
            var file = Path.Combine(site.Work, name + ".cfg");
            File.WriteAllText(file, text.ToString());
            HttpPath.Add(Shell.Start(node, "haproxy", ["-db", "-f", file], Path.Combine(site.Work, name + ".log")));
        }

        BulkPath.AddRange(HttpPath);
        foreach (var offset in (int[])[0, 1])
        {
            Site.AwaitListener(Site.ClientNode, FirstListen + offset);
            Site.AwaitListener(Site.ServerNode, FirstBetween + offset);
        }

        Site.Redirect((Site.HttpPort, FirstListen), (Site.BulkPort, FirstListen + 1));
    }
}
