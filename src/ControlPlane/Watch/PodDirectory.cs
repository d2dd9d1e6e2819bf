using Mesh.ControlPlane.Translate;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Watching;

namespace Mesh.ControlPlane.Watch;

/// <summary>Pods as the certificate authority asks for them: by key, and by node and account. Any thread reads.</summary>
internal sealed class PodDirectory
{
    private const string ByNodeAndAccount = "node-account";
    private readonly Lister<Pod> _pods;

    public PodDirectory(KubernetesClient client)
    {
        Informer = new Informer<Pod>(client, Pod.Resource, new InformerOptions<Pod> { Indexes = Indexes, Slim = Slim });
        _pods = Informer.Lister;
    }

    /// <summary>A directory of fixed pods, for rules that are tried without a server.</summary>
    public PodDirectory(IEnumerable<Pod> pods)
    {
        Informer = null!;
        _pods = Lister<Pod>.Of(pods, Indexes);
    }

    public Informer<Pod> Informer { get; }

    private static Dictionary<string, Func<Pod, IEnumerable<string>>> Indexes { get; } = new(StringComparer.Ordinal)
    {
        [ByNodeAndAccount] = pod => pod.Spec.NodeName is { Length: > 0 } node && !pod.IsTerminal
            ? [Place(node, pod.Metadata.Namespace, pod.Spec.ServiceAccountName)]
            : [],
    };

    public Pod? Find(ObjectKey key) => _pods.Find(key);

    /// <summary>Whether a pod of that account is on the node; one that has ended does not count.</summary>
    public bool RunsOn(string node, string ns, string serviceAccount) => _pods.ByIndex(ByNodeAndAccount, Place(node, ns, serviceAccount)).Any();

    private static string Place(string node, string ns, string serviceAccount) => $"{node}/{ns}/{serviceAccount}";

    /// <summary>What translation and the authority look at: of a hundred thousand pods nothing else may stay in memory.</summary>
    private static Pod Slim(Pod pod) => new()
    {
        Metadata = pod.Metadata with
        {
            Annotations = pod.Metadata.Annotations.Find(Names.Redirection) is { } redirection
                ? StringMap.From([KeyValuePair.Create(Names.Redirection, redirection)])
                : StringMap.Empty,
            Finalizers = [],
        },
        Spec = pod.Spec with
        {
            Containers = Slim(pod.Spec.Containers),
            InitContainers = Slim([.. pod.Spec.InitContainers.Where(c => c.RestartPolicy == "Always")]),
            ReadinessGates = [],
        },
        Status = new PodStatus
        {
            Phase = pod.Status.Phase,
            PodIp = pod.Status.PodIps.Count > 0 ? null : pod.Status.PodIp,
            PodIps = pod.Status.PodIps,
            Conditions = Condition.Find(pod.Status.Conditions, "Ready") is { } ready ? [new Condition { Type = ready.Type, Status = ready.Status }] : [],
        },
    };

    private static Container[] Slim(IReadOnlyList<Container> containers) =>
        [.. containers.Where(c => c.Ports.Count > 0).Select(c => new Container { Ports = c.Ports, RestartPolicy = c.RestartPolicy })];
}
