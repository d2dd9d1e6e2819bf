using Mesh.Dns;
using Mesh.Linux.Loops;
using Mesh.Model;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Dns;

/// <summary>Answers one pod's requests: from the mesh, from memory, or by asking on. Loop thread only.</summary>
internal sealed class DnsServer(PodProxy pod, Worker worker, DnsSettings settings, DnsForwarder forwarder)
{
    /// <summary>Requests that wait for the pod's workload to become known.</summary>
    private const int WaitingMax = 256;

    /// <summary>Longest answer over UDP, whatever the client would take: it never leaves the pod, but a bound must be.</summary>
    private const int UdpBytesMax = 16 * 1024;
    private int _waiting;

    public EventLoop Loop => worker.Loop;

    /// <summary>Answers what can be answered now. The answer is written to the loop's send scratch.</summary>
    public DnsOutcome TryAnswer(ReadOnlySpan<byte> request, bool isTcp, out ReadOnlySpan<byte> answer)
    {
        answer = default;
        var read = DnsQuery.TryRead(request, out var query);
        if (read == DnsQueryRead.Ignore) return DnsOutcome.Dropped;
        var into = Room(query, isTcp);
        if (read != DnsQueryRead.Complete)
        {
            answer = into[..DnsAnswers.WriteError(query, CodeOf(read), into)];
            return DnsOutcome.Answered;
        }

        if (pod.Local is not { Workload: { } source } local) return DnsOutcome.Deferred;
        var asker = new DnsAsker(source, isTcp);
        var began = Loop.Time.GetTimestamp();
        settings.Metrics.CountRequest(asker, query.Type);
        if (TryFindName(query, local.Mesh, source, out var name))
        {
            Span<Ip> addresses = stackalloc Ip[NameAddresses.AddressesMax];
            var count = NameAddresses.Collect(name, source.Network, query.Type == DnsType.A, worker.Chance, addresses);
            answer = into[..DnsAnswers.WriteAddresses(query, name.KeptChars, addresses[..count], isTcp, into)];
            Note(query, answer, "mesh", asker, began);
            return DnsOutcome.Answered;
        }

        if (!forwarder.TryFindCached(DnsAsk.From(query, asker), out var reply, out var age)) return DnsOutcome.Deferred;
        answer = into[..DnsAnswers.WriteReply(query, reply, age, into)];
        Note(query, answer, "cache", asker, began);
        return DnsOutcome.Answered;
    }

    /// <summary>Goes on with a deferred request; the client hears when there is an answer.</summary>
    public void Defer(ReadOnlySpan<byte> request, DnsClient client)
    {
        worker.OpenQuestions++;
        if (pod.Local.Workload is { } source) Forward(request, client, source);
        else if (_waiting < WaitingMax) _ = WaitAsync(request.ToArray(), client);
        else Refuse(request, client);
    }

    /// <summary>The first address of a name, as this pod's own resolver would give it; null when there is none.</summary>
    public async ValueTask<Ip?> ResolveAsync(string hostname, bool wantsV4)
    {
        if (await pod.WaitForWorkloadAsync(Loop) is not { Workload: { } source } local) return null;
        var lower = hostname.TrimEnd('.').ToLowerInvariant();
        if (settings.Names.TryFind(local.Mesh, source.Namespace, lower, out var name)) return FirstOf(name, source.Network, wantsV4);
        var found = await DnsLookup.AskAsync(forwarder, lower, wantsV4, new DnsAsker(source, IsTcp: false));
        return found.Length > 0 ? found[0] : null;
    }

    /// <summary>Room for an answer to this client.</summary>
    internal Span<byte> Room(scoped in DnsQuery query, bool isTcp) =>
        Loop.SendScratch[..(isTcp ? DnsFraming.MessageBytesMax : Math.Min(query.PayloadBytesMax, UdpBytesMax))];

    /// <summary>A deferred request is over.</summary>
    internal void Finish(in DnsQuery query, ReadOnlySpan<byte> answer, string by, DnsAsker asker, long began)
    {
        worker.OpenQuestions--;
        Note(query, answer, by, asker, began);
    }

    private bool TryFindName(in DnsQuery query, MeshSnapshot mesh, MeshWorkload source, out MeshName name)
    {
        name = default;
        if (query.Type is not (DnsType.A or DnsType.Aaaa) || query.Class != DnsQuery.Internet) return false;
        Span<char> text = stackalloc char[DnsName.TextCharsMax];
        return DnsName.TryToText(query.Name, text, out var length) && settings.Names.TryFind(mesh, source.Namespace, text[..length], out name);
    }

    private Ip? FirstOf(in MeshName name, string network, bool wantsV4)
    {
        Span<Ip> addresses = stackalloc Ip[NameAddresses.AddressesMax];
        return NameAddresses.Collect(name, network, wantsV4, worker.Chance, addresses) > 0 ? addresses[0] : null;
    }

    private void Forward(ReadOnlySpan<byte> request, DnsClient client, MeshWorkload source)
    {
        DnsQuery.TryRead(request, out var query);
        forwarder.Ask(DnsAsk.From(query, new DnsAsker(source, client.IsTcp)), new DnsRequest(this, client, source, request, Loop.Time.GetTimestamp()));
    }

    /// <summary>The pod is younger than what the control plane has told.</summary>
    private async Task WaitAsync(byte[] request, DnsClient client)
    {
        _waiting++;
        try
        {
            if (await pod.WaitForWorkloadAsync(Loop) is not { Workload: { } source })
            {
                Refuse(request, client);
                return;
            }

            switch (TryAnswer(request, client.IsTcp, out var answer))
            {
                case DnsOutcome.Answered:
                    client.Send(answer);
                    worker.OpenQuestions--;
                    break;
                case DnsOutcome.Deferred:
                    Forward(request, client, source);
                    break;
                case DnsOutcome.Dropped:
                    worker.OpenQuestions--;
                    break;
            }
        }
        catch (Exception fault)
        {
            worker.OpenQuestions--; // Else the end would wait for it.
            settings.Log.LogError(fault, "a question failed by a fault of the proxy");
        }
        finally
        {
            _waiting--;
        }
    }

    private void Refuse(ReadOnlySpan<byte> request, DnsClient client)
    {
        DnsQuery.TryRead(request, out var query);
        var asker = new DnsAsker(null, client.IsTcp);
        settings.Metrics.CountRequest(asker, query.Type);
        var into = Room(query, client.IsTcp);
        var answer = into[..DnsAnswers.WriteError(query, DnsResponseCode.ServerFailure, into)];
        client.Send(answer);
        Finish(query, answer, "nobody", asker, Loop.Time.GetTimestamp());
    }

    private static DnsResponseCode CodeOf(DnsQueryRead read) => read switch
    {
        DnsQueryRead.NotImplemented => DnsResponseCode.NotImplemented,
        DnsQueryRead.BadVersion => DnsResponseCode.BadVersion,
        _ => DnsResponseCode.FormatError,
    };

    private void Note(in DnsQuery query, ReadOnlySpan<byte> answer, string by, DnsAsker asker, long began)
    {
        if (!settings.Log.IsEnabled(LogLevel.Debug)) return;
        DnsHeader.TryRead(answer, out var header);
        var line = settings.Log.Begin(LogLevel.Debug, "dns request");
        line.Text("src.workload", asker.Source?.Name ?? pod.Info.Name);
        line.Text("src.namespace", asker.Source?.Namespace ?? pod.Info.Namespace);
        line.Text("name", DnsName.Describe(query.Name));
        line.Text("type", DnsTypes.WordOf(query.Type));
        line.Text("protocol", asker.IsTcp ? "tcp" : "udp");
        line.Number("code", (long)header.ResponseCode);
        line.Number("answers", header.Answers);
        line.Text("answered_by", by);
        line.Number("duration_us", (long)Loop.Time.GetElapsedTime(began).TotalMicroseconds);
        line.End();
    }
}
