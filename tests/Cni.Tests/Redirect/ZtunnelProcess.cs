using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mesh.Linux.Namespaces;

namespace Mesh.Cni.Tests.Redirect;

/// <summary>The real ztunnel in a pod's namespace, with name servers of its own and a mesh of one service.</summary>
internal sealed class ZtunnelProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("mesh-cni-").FullName;
    private readonly Process _process;

    public ZtunnelProcess(NetworkNamespace pod, IPAddress own, IPAddress nameServer)
    {
        WriteAuthority();
        File.WriteAllText(At("resolv.conf"), $"nameserver {nameServer}\n");
        File.WriteAllText(At("local.yaml"), $$$"""
            workloads:
            - {uid: c//Pod/shop/app, name: app, namespace: shop, serviceAccount: app, workloadIps: ["{{{own}}}"], protocol: HBONE, node: here, network: "", services: {}}
            policies: []
            services:
            - {name: web, namespace: shop, hostname: web.shop.svc.cluster.local, vips: ["/10.96.1.1", "/fd96::1"], ports: {80: 8080}}

            """);
        var program = Path.Combine(AppContext.BaseDirectory, "ztunnel.dll");
        // A mount namespace of its own: only this process sees these name servers.
        var start = new ProcessStartInfo("unshare", ["-m", "sh", "-c", $"mount --bind {At("resolv.conf")} /etc/resolv.conf && exec dotnet {program}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in Variables()) start.Environment[name] = value;
        _process = pod.Run(() => Process.Start(start)!); // A child begins in the namespace of the thread that made it.
        _process.OutputDataReceived += (_, e) => _lines.Enqueue(e.Data ?? "");
        _process.ErrorDataReceived += (_, e) => _lines.Enqueue(e.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        WaitUntilReady(pod);
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string At(string name) => Path.Combine(_folder, name);

    private void WriteAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddMinutes(-1), now.AddHours(1));
        File.WriteAllText(At("ca.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(At("ca.key"), key.ExportPkcs8PrivateKeyPem());
    }

    private Dictionary<string, string> Variables() => new()
    {
        ["PROXY_MODE"] = "dedicated",
        ["PROXY_WORKLOAD_INFO"] = "shop/app/app",
        ["NODE_NAME"] = "here",
        ["PACKET_MARK"] = "1337",
        ["ISTIO_META_DNS_CAPTURE"] = "true",
        ["FAKE_CA"] = "true",
        ["FAKE_CA_ROOT"] = At("ca.pem"),
        ["FAKE_CA_KEY"] = At("ca.key"),
        ["XDS_ADDRESS"] = "",
        ["LOCAL_XDS_PATH"] = At("local.yaml"),
        ["RUST_LOG"] = "info,dns=debug",
    };

    private void WaitUntilReady(NetworkNamespace pod)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Patience)
        {
            Assert.False(_process.HasExited, string.Join('\n', _lines));
            if (pod.Run(IsReady)) return;
            Thread.Sleep(50);
        }

        Assert.Fail($"ztunnel did not become ready:\n{string.Join('\n', _lines)}");
    }

    private static bool IsReady()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 2000 };
            socket.Connect(IPAddress.Loopback, 15021);
            socket.Send("GET /healthz/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"u8);
            var answer = new byte[64];
            return System.Text.Encoding.ASCII.GetString(answer, 0, socket.Receive(answer)).Contains("200 OK", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
