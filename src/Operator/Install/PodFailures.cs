using Mesh.Kubernetes.Objects;

namespace Mesh.Operator.Install;

/// <summary>Why a component's pods do not start, as a user has to hear it. Pure.</summary>
internal static class PodFailures
{
    /// <summary>The first reason found among the pods, worst kind first.</summary>
    public static PodFailure? Find(IEnumerable<Pod> pods)
    {
        PodFailure? found = null;
        foreach (var pod in pods.OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal))
        {
            if (pod.Metadata.IsBeingDeleted) continue;
            foreach (var container in pod.Status.ContainerStatuses)
            {
                var failure = Of(pod, container);
                if (failure is { IsImage: true }) return failure;
                found ??= failure;
            }
        }
        return found;
    }

    private static PodFailure? Of(Pod pod, ContainerStatus container)
    {
        if (container.State?.Waiting is not { } waiting) return null;
        var image = pod.Spec.Containers.FirstOrDefault(one => one.Name == container.Name)?.Image ?? "";
        return waiting.Reason switch
        {
            "ErrImagePull" or "ImagePullBackOff" or "InvalidImageName" or "ErrImageNeverPull" or "RegistryUnavailable" => new(
                IsImage: true,
                $"image '{image}' cannot be pulled on node {pod.Spec.NodeName} ({waiting.Reason}): check spec.images: registry, tag, overrides "
                + "and pullSecrets must name an image that the nodes can reach"),
            "CrashLoopBackOff" => new(
                IsImage: false,
                $"container {container.Name} of pod {pod.Metadata.Key} keeps ending ({container.RestartCount} restarts): "
                + $"see kubectl logs -n {pod.Metadata.Namespace} {pod.Metadata.Name} --previous"),
            "CreateContainerConfigError" or "CreateContainerError" or "RunContainerError" => new(
                IsImage: false,
                $"container {container.Name} of pod {pod.Metadata.Key} cannot start ({waiting.Reason}): {Short(waiting.Message)}"),
            _ => null,
        };
    }

    private static string Short(string? text)
    {
        const int charactersMax = 200;
        return text is null ? "no reason given" : text.Length <= charactersMax ? text : text[..charactersMax] + "…";
    }
}
