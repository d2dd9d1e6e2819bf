using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Namespaced.Tests.Soak;

namespace Mesh.Namespaced.Tests.Hostile;

/// <summary>An honest application that goes on asking through the mesh: does it still get answers, and how fast?</summary>
internal sealed class Bystander : IDisposable
{
    private readonly Site _site;
    private readonly ServerApplication _application;

    public Bystander(Site site, int port = Site.FirstPort)
    {
        _site = site;
        _application = new ServerApplication(site.Server, Site.ServerIp, port, isRough: false, seed: 1);
    }

    public void Dispose() => _application.Dispose();

    /// <summary>Asks on a new connection each time until the other work is done, at least so many times; every answer must be right.</summary>
    public async Task<Latencies> AskWhileAsync(Task other, int atLeast = 50)
    {
        var latencies = new List<double>();
        while (!other.IsCompleted || latencies.Count < atLeast)
        {
            var started = Stopwatch.GetTimestamp();
            using var socket = _site.Client.Sockets(1)[0];
            await socket.ConnectAsync(IPAddress.Parse(Site.ServerIp), _application.Port).WaitAsync(Wire.Patience);
            var head = new byte[Command.Size];
            new Command(CommandKind.Exchange, 7, 100, 1000).Write(head);
            await Wire.SendAsync(socket, head);
            await Wire.SendPatternAsync(socket, 7, 100);
            await Wire.ReadPatternAsync(socket, 8, 1000);
            latencies.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Task.Delay(5, CancellationToken.None);
        }

        await other;
        Assert.Empty(_application.Problems);
        latencies.Sort();
        return new Latencies(latencies.Count, latencies[latencies.Count / 2], latencies[(int)(latencies.Count * 0.99)], latencies[^1]);
    }

    internal readonly record struct Latencies(int Answers, double P50, double P99, double Max)
    {
        public override string ToString() => $"{Answers,5} answers, p50 {P50,6:0.0} ms, p99 {P99,6:0.0} ms, max {Max,6:0.0} ms";
    }
}
