using System.Net;
using Mesh.Cni.Plugin;
using Mesh.Daemon.Admin;
using Mesh.Kubernetes;
using Mesh.Linux;
using Mesh.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Mesh.Cni.Agent;

/// <summary>Answers the plugin: 200 when the pod may start (enrolled, or none of ours), 500 and why when it must wait.</summary>
internal sealed class PluginEndpoint(PodFacts facts, Enrolment enrolment, string hostRoot, CniMetrics metrics, TimeProvider time, ILogger log)
{
    /// <summary>Before the plugin gives up, so that it learns the reason.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4.5);

    /// <summary>How long a new pod waits for a ztunnel that is just restarting.</summary>
    private static readonly TimeSpan WaitForZtunnel = TimeSpan.FromSeconds(3);

    public async ValueTask<AdminResponse> AddAsync(AdminRequest request, CancellationToken stop)
    {
        var started = time.GetTimestamp();
        var response = await AnswerAsync(request, stop);
        metrics.PluginRequests.With(response.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)).Increment();
        metrics.EnrolSeconds.Observe(time.GetElapsedTime(started).TotalSeconds);
        return response;
    }

    private async Task<AdminResponse> AnswerAsync(AdminRequest request, CancellationToken stop)
    {
        if (!AddRequest.TryRead(request.Body, out var asked)) return AdminResponse.Text("the request cannot be read\n", 400);
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        var key = new ObjectKey(asked!.PodNamespace, asked.PodName);
        try
        {
            var problem = await EnrolAsync(key, asked, either.Token);
            if (problem is null) return AdminResponse.Text(string.Empty);
            log.LogWarning("pod {Pod} must wait: {Problem}", key, problem);
            return AdminResponse.Text(problem + "\n", 500);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return AdminResponse.Text($"not done within {Limit.TotalSeconds} s\n", 500);
        }
        catch (ApiException e)
        {
            return AdminResponse.Text($"the API server cannot tell about pod {key}: {e.Message}\n", 500);
        }
    }

    private async Task<string?> EnrolAsync(ObjectKey key, AddRequest asked, CancellationToken stop)
    {
        if (await facts.FindForPluginAsync(key, asked.PodUid, time, stop) is not { } pod) return "the API server knows no such pod";
        if (!await facts.WantsAsync(pod, stop)) return null;
        var error = Open(hostRoot, asked.Netns, out var opened);
        if (error != Errno.None) return $"cannot open its network namespace {asked.Netns}: {error}";
        var addresses = new List<IPAddress>();
        foreach (var address in asked.Addresses) addresses.Add(address.Address);
        var problem = await enrolment.EnrolAsync(pod, opened, addresses, WaitForZtunnel, stop);
        if (problem is not null) return problem;
        metrics.Events.With("started").Increment();
        log.LogInformation("pod {Pod} starts in the mesh", key);
        return null;
    }

    /// <summary>
    /// Opens a path of the host. /var/run and /run are one folder there; here only that one is mounted which spec.cni.netnsDir names.
    /// </summary>
    internal static Errno Open(string hostRoot, string path, out NetworkNamespace? opened)
    {
        var error = NetworkNamespace.TryOpen(hostRoot + path, out opened);
        if (error != Errno.NotFound) return error;
        if (path.StartsWith("/run/", StringComparison.Ordinal)) return NetworkNamespace.TryOpen($"{hostRoot}/var{path}", out opened);
        return path.StartsWith("/var/run/", StringComparison.Ordinal)
            ? NetworkNamespace.TryOpen($"{hostRoot}{path["/var".Length..]}", out opened)
            : error;
    }
}
