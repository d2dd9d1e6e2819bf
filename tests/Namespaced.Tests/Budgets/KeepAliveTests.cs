using System.Net.Sockets;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Namespaced.Tests.Soak;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Budgets;

/// <summary>A connection that is silent for long is asked after on every hop, for its other end may be gone without a word (a guest system, say).</summary>
[Trait("Category", "Kernel")]
[Collection(Alone.Name)]
public sealed class KeepAliveTests(Site site) : IClassFixture<Site>
{
    [Fact]
    public async Task Each_hop_of_a_connection_that_lasts_is_kept_alive()
    {
        site.SkipIfImpossible();
        using var application = site.Server.Listen(Site.ServerIp, Ports.Calm);
        using var client = site.Client.Connect(Site.ServerIp, Ports.Calm);
        using var server = await application.AcceptAsync(CancellationToken.None).AsTask().WaitAsync(Wire.Patience);
        client.Send("x"u8);
        Assert.Equal(1, await Wire.ReceiveAsync(server, new byte[1]));

        WaitForTimer(site.Client, "sport = :15001");
        WaitForTimer(site.Client, "dport = :15008");
        WaitForTimer(site.Server, $"dport = :{Ports.Calm}"); // From its worker's next report on.
    }

    private static void WaitForTimer(ProxyNode node, string which)
    {
        var seen = "";
        Shell.WaitFor(() => $"a keepalive timer of {which}; there is {seen}", () =>
        {
            using var tool = node.StartInside(["ss", "-tnoHO", "state", "established", which]);
            seen = tool.StandardOutput.ReadToEnd();
            return seen.Contains("timer:(keepalive", StringComparison.Ordinal);
        });
    }
}
