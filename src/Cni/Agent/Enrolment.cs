using System.Net;
using Mesh.Cni.Redirect;
using Mesh.Cni.Selection;
using Mesh.Inpod;
using Mesh.Kubernetes.Objects;
using Mesh.Linux;
using Mesh.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Mesh.Cni.Agent;

/// <summary>
/// Takes pods into the mesh and out of it, step by step; every step may be repeated, and a pod is worked on by one caller at a time.
/// A returned text is why it did not work; the caller tries again later.
/// </summary>
internal sealed class Enrolment(
    PodTable table, RedirectSettings node, NamespaceIdentity host, ProbeSet probes, RedirectionStatus status, CniMetrics metrics, ILogger log)
{
    private const string NoNamespace = "its network namespace has not been found";

    /// <summary>Set once the socket for ztunnel is open.</summary>
    public InpodServer? Ztunnels { get; set; }

    /// <summary>Rules, ztunnel, probes, annotation, in this order. Takes the namespace over; null keeps the one known.</summary>
    public async Task<string?> EnrolAsync(
        Pod pod, NetworkNamespace? opened, IReadOnlyList<IPAddress> addresses, TimeSpan waitForZtunnel, CancellationToken stop)
    {
        var entry = await table.LockAsync(pod.Metadata.Uid, stop);
        try
        {
            if (Prepare(entry, pod, opened, addresses) is { } refused) return refused;
            if (await RedirectAsync(entry, pod) is { } broken) return broken;
            entry.IsPublished = true;
            if (await PublishAsync(entry, pod, waitForZtunnel, stop) is { } unserved) return unserved;
            await probes.SetAsync(entry.Uid, addresses, stop);
            return await status.WriteAsync(pod, PodAnnotations.Enabled, stop);
        }
        catch (LinuxException e)
        {
            return e.Message;
        }
        finally
        {
            if (entry.Info is null) table.Remove(entry);
            PodTable.Unlock(entry);
        }
    }

    /// <summary>Takes a pod of an earlier life of this agent into the table, so that ztunnel's first snapshot names it.</summary>
    public async Task AdoptAsync(Pod pod, NetworkNamespace? opened, IReadOnlyList<IPAddress> addresses, bool repair, CancellationToken stop)
    {
        var entry = await table.LockAsync(pod.Metadata.Uid, stop);
        try
        {
            if (opened is null)
            {
                entry.Key = pod.Metadata.Key;
                entry.Info = InfoOf(pod); // Nothing found: ztunnel keeps what it has.
            }
            else if (Prepare(entry, pod, opened, addresses) is not null)
            {
                return;
            }

            entry.IsPublished = true;
            await probes.SetAsync(entry.Uid, addresses, stop);
            if (repair && entry.Namespace is not null && await RedirectAsync(entry, pod) is { } broken)
            {
                log.LogWarning("pod {Pod}: {Problem}", entry.Key, broken);
            }
        }
        finally
        {
            if (entry.Info is null) table.Remove(entry);
            PodTable.Unlock(entry);
        }
    }

    /// <summary>
    /// Takes a pod out: probes, rules, ztunnel, annotation. While the pod lives, its namespace stays open until its rules are gone, so
    /// that a failed removal can be repeated; where its namespace is unknown nothing is touched. Rules never stay without a listener.
    /// </summary>
    public async Task<string?> ReleaseAsync(string uid, Pod? alive, NetworkNamespace? opened, CancellationToken stop)
    {
        var entry = await table.LockAsync(uid, stop);
        try
        {
            if (alive is not null) entry.Key = alive.Metadata.Key;
            if (opened is not null && entry.Namespace is null) entry.Namespace = opened;
            else opened?.Dispose();
            // A pod that has ended has no rules any more, and no process that could show where they were.
            if (alive is { IsTerminal: false } && entry.Namespace is null) return NoNamespace;
            await probes.RemoveAsync(uid, stop);
            if (alive is not null && entry.Namespace is { } inside) await PodRedirect.RemoveAsync(inside);
            entry.IsPublished = false;
            if (Ztunnels is { } ztunnels)
            {
                var outcome = await ztunnels.DeleteAsync(uid);
                metrics.ZdsAnswers.With(outcome.Result.ToString()).Increment();
                if (!outcome.IsAcked) log.LogWarning("ztunnel did not release {Uid}: {Problem}", uid, outcome.Error);
            }

            table.Remove(entry);
            return alive is null ? null : await status.WriteAsync(alive, value: null, stop);
        }
        catch (LinuxException e)
        {
            return e.Message;
        }
        finally
        {
            if (entry is { Info: null, Namespace: null }) table.Remove(entry);
            PodTable.Unlock(entry);
        }
    }

    private string? Prepare(EnrolledPod entry, Pod pod, NetworkNamespace? opened, IReadOnlyList<IPAddress> addresses)
    {
        if (opened is not null && opened.Identity == host)
        {
            opened.Dispose();
            return "its network namespace is the node's own";
        }

        if (opened is not null && entry.Namespace?.Identity == opened.Identity)
        {
            opened.Dispose();
        }
        else if (opened is not null)
        {
            // The sandbox was made anew: the old namespace, and what ztunnel does there, is history.
            if (entry.Namespace is not null) metrics.Repairs.With("namespace").Increment();
            entry.Namespace?.Dispose();
            entry.Namespace = opened;
            entry.IsAcked = false;
        }

        if (entry.Namespace is null) return NoNamespace;
        entry.Key = pod.Metadata.Key;
        entry.Info = InfoOf(pod);
        entry.Addresses = addresses;
        entry.Settings = PodAnnotations.Apply(pod.Metadata.Annotations, node, out var ignored);
        if (ignored is not null) log.LogWarning("pod {Pod}: ignored {Annotation}", entry.Key, ignored);
        return null;
    }

    private async Task<string?> RedirectAsync(EnrolledPod entry, Pod pod)
    {
        try
        {
            var wasEnabled = pod.Metadata.Annotations.Find(PodAnnotations.Redirection) == PodAnnotations.Enabled;
            if (await PodRedirect.EnsureAsync(entry.Namespace!, entry.Settings!) && wasEnabled) metrics.Repairs.With("rules").Increment();
            return null;
        }
        catch (LinuxException e)
        {
            return $"redirection: {e.Message}";
        }
    }

    private async Task<string?> PublishAsync(EnrolledPod entry, Pod pod, TimeSpan waitForZtunnel, CancellationToken stop)
    {
        if (entry.IsAcked) return null;
        if (Ztunnels is not { } ztunnels) return "ztunnel's socket is not open yet";
        // Who cannot wait any longer leaves; an answer that still comes is lost, and asking again changes nothing at ztunnel.
        var outcome = await ztunnels.AddAsync(entry.Uid, entry.Info!, entry.Namespace!, waitForZtunnel).WaitAsync(stop);
        metrics.ZdsAnswers.With(outcome.Result.ToString()).Increment();
        if (outcome.IsAcked)
        {
            entry.IsAcked = true;
            return null;
        }

        // A pod that says "enabled" keeps saying so while ztunnel is away for a moment: its peers would fall back to plaintext.
        if (pod.Metadata.Annotations.Find(PodAnnotations.Redirection) != PodAnnotations.Enabled)
        {
            await status.WriteAsync(pod, PodAnnotations.Pending, stop);
        }

        return $"ztunnel: {outcome.Error}";
    }

    private static PodInfo InfoOf(Pod pod) => new(pod.Metadata.Name, pod.Metadata.Namespace, pod.Spec.ServiceAccountName);
}
