using Mesh.Demo.Packets;

namespace Mesh.Demo.Proof;

/// <summary>Captures, on the server's node, everything to and from the server's address while something is done.</summary>
public sealed class Sniffer(Cluster cluster)
{
    private const string File = "/tmp/capture.pcap";

    public async Task<Capture> DuringAsync(string serverAddress, Func<Task> act)
    {
        await ShellAsync($"pkill tcpdump; rm -f {File} /tmp/tcpdump.log; "
            + $"setsid tcpdump -Z root -i any -U -s 0 -w {File} 'tcp and host {serverAddress}' </dev/null >/dev/null 2>/tmp/tcpdump.log & "
            + "i=0; while [ $i -lt 100 ]; do grep -q listening /tmp/tcpdump.log && exit 0; sleep 0.2; i=$((i+1)); done; cat /tmp/tcpdump.log >&2; exit 1");
        await act();
        await Task.Delay(TimeSpan.FromMilliseconds(700));
        // Nobody reaps it in that pod, so the dead one stays listed: only a living one counts.
        await ShellAsync("pkill tcpdump; i=0; while [ $i -lt 100 ]; do pgrep -r D,R,S tcpdump >/dev/null || exit 0; sleep 0.1; i=$((i+1)); done; echo 'tcpdump goes on' >&2; exit 1");
        var file = await cluster.ExecAsync(Workloads.CaptureNamespace, "capture", "cat", File);
        if (!file.Succeeded) throw new DemoException("reading the capture", file.Error.Trim());
        return new Capture(PcapReader.Read(file.Output));
    }

    private async Task ShellAsync(string script)
    {
        var outcome = await cluster.ExecAsync(Workloads.CaptureNamespace, "capture", "sh", "-c", script);
        if (!outcome.Succeeded) throw new DemoException("capturing packets on the server's node", outcome.Error.Trim());
    }
}
