using FluentValidation;
using Mesh.Daemon.Logging;
using Mesh.Operator.Api;

namespace Mesh.Operator.Rules;

/// <summary>
/// What a spec must hold by itself: the rules of the schema once more, since a server may not know CEL, and those it cannot say. Each
/// message names what is wrong and the way out; field and value come from <see cref="MeshRules"/>. Pure.
/// </summary>
internal sealed class SpecRules : AbstractValidator<MeshInstallSpec>
{
    public static readonly IReadOnlyList<string> Profiles = ["minimal", "default", "ha", "demo"];
    public static readonly IReadOnlyList<string> Components = ["control-plane", "cni", "ztunnel"];
    private static readonly string[] s_systemNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];
    private static readonly TimeSpan s_shortestCertificate = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_longestCertificate = TimeSpan.FromHours(168);

    public SpecRules()
    {
        RuleFor(spec => spec.Version).Matches(MeshPatterns.Version)
            .WithMessage("must be MAJOR.MINOR or MAJOR.MINOR.PATCH without a leading 'v', for example 0.1");
        OneOf(nameof(MeshInstallSpec.Profile), spec => spec.Profile, Profiles);
        OneOf(nameof(MeshInstallSpec.DeletionPolicy), spec => spec.DeletionPolicy, ["Delete", "Orphan", "OrphanDataPlane"]);
        OneOf(nameof(MeshInstallSpec.DriftPolicy), spec => spec.DriftPolicy, ["Correct", "Warn", "Ignore"]);
        Namespaces();
        Images();
        Mesh();
        Cni();
        RuleFor(spec => spec.ControlPlane.Replicas).InclusiveBetween(1, 32).When(spec => spec.ControlPlane.Replicas is not null)
            .WithMessage("must be between 1 and 32");
        RuleFor(spec => spec.ControlPlane.Replicas).Must((spec, replicas) => spec.Profile != "ha" || replicas is null or >= 2)
            .WithMessage("profile ha needs at least 2 control-plane replicas; raise it or use profile default");
        OneOf("Ztunnel.LogFormat", spec => spec.Ztunnel.LogFormat, ["plain", "json"]);
        RuleFor(spec => spec.ControlPlane).SetValidator(new PodRules<ControlPlaneSpec>());
        RuleFor(spec => spec.Ztunnel).SetValidator(new PodRules<ZtunnelSpec>());
        RuleFor(spec => spec.Cni).SetValidator(new PodRules<CniSpec>());
    }

    private void Namespaces()
    {
        const string dedicated = "must be a dedicated namespace: a lowercase DNS label that is neither default nor kube-*, such as mesh-system";
        RuleFor(spec => spec.Namespace).Must(IsDedicated).WithMessage(dedicated);
        RuleFor(spec => spec.NodeNamespace).Must(IsDedicated).WithMessage(dedicated);
        RuleFor(spec => spec.NodeNamespace).NotEqual(spec => spec.Namespace)
            .WithMessage("must differ from spec.namespace: privileged node agents need a namespace of their own, such as mesh-node");
    }

    private void Images()
    {
        RuleFor(spec => spec.Images.Registry).Must(registry => registry.Length == 0 || MeshPatterns.Registry.IsMatch(registry))
            .WithMessage("must be host[:port][/path] without scheme or trailing '/'");
        RuleFor(spec => spec.Images.Tag).Must(tag => tag.Length == 0 || MeshPatterns.Tag.IsMatch(tag))
            .WithMessage("must be an image tag: letters, digits, '_', '.' and '-', at most 128 characters");
        OneOf("Images.PullPolicy", spec => spec.Images.PullPolicy, ["IfNotPresent", "Always", "Never"]);
        RuleForEach(spec => spec.Images.PullSecrets).Matches(MeshPatterns.DnsName).WithMessage("must be the name of a Secret");
        RuleForEach(spec => spec.Images.Overrides).OverrideIndexer((_, _, pair, _) => $".{pair.Key}")
            .Must(pair => Components.Contains(pair.Key)).WithMessage("is not a component; use control-plane, cni or ztunnel")
            .Must(pair => MeshPatterns.ImageReference.IsMatch(pair.Value))
            .WithMessage("must be a whole image reference: registry/name:tag or registry/name@sha256:…, without scheme");
    }

    private void Mesh()
    {
        RuleFor(spec => spec.Mesh.TrustDomain).Must(domain => domain.Length <= 253 && MeshPatterns.DnsName.IsMatch(domain))
            .WithMessage("must be a lowercase DNS name, no scheme, port or path, at most 253 characters, such as cluster.local");
        RuleFor(spec => spec.Mesh.ClusterName).Matches(MeshPatterns.ClusterName)
            .WithMessage("must be letters, digits, '-', '_' and '.', at most 63 characters, beginning and ending with a letter or digit");
        RuleFor(spec => spec.Mesh.Network).Must(network => network.Length == 0 || MeshPatterns.ClusterName.IsMatch(network))
            .WithMessage("must be empty or letters, digits, '-', '_' and '.', at most 63 characters");
        RuleFor(spec => spec.Ca.WorkloadCertTtl)
            .Must(text => GoDuration.TryParse(text, out var ttl) && ttl >= s_shortestCertificate && ttl <= s_longestCertificate)
            .WithMessage("must be a duration between 10m and 168h, such as 24h");
        RuleFor(spec => spec.Ca.CrlRef!.Name).Must(name => name.Length <= 253 && MeshPatterns.DnsName.IsMatch(name)).When(spec => spec.Ca.CrlRef is not null)
            .WithMessage("must be the name of a ConfigMap in the node namespace");
        RuleFor(spec => spec.Ca.CrlRef!.Key).Matches(MeshPatterns.FileName).When(spec => spec.Ca.CrlRef is not null)
            .WithMessage("must be a key of the ConfigMap: letters, digits, '-', '_' and '.'");
    }

    private void Cni()
    {
        RuleFor(spec => spec.Cni.BinDir).Must(IsFolder).WithMessage("must be an absolute path below /, without . and .., such as /opt/cni/bin");
        RuleFor(spec => spec.Cni.ConfDir).Must(IsFolder).WithMessage("must be an absolute path below /, without . and .., such as /etc/cni/net.d");
        RuleFor(spec => spec.Cni.NetnsDir).Must(IsFolder).WithMessage("must be an absolute path below /, without . and .., such as /var/run/netns");
        RuleForEach(spec => spec.Cni.ExcludeNamespaces).Matches(MeshPatterns.DnsLabel).WithMessage("must be the name of a namespace");
    }

    private void OneOf(string field, System.Linq.Expressions.Expression<Func<MeshInstallSpec, string>> value, IReadOnlyList<string> supported) =>
        RuleFor(value).Must(supported.Contains).OverridePropertyName(field)
            .WithMessage($"Unsupported value; supported: {string.Join(", ", supported)}");

    private static bool IsFolder(string path) => MeshPatterns.AbsolutePath.IsMatch(path) && !MeshPatterns.DotSegment.IsMatch(path);

    private static bool IsDedicated(string name) =>
        MeshPatterns.DnsLabel.IsMatch(name) && !s_systemNamespaces.Contains(name) && !name.StartsWith("kube-", StringComparison.Ordinal);

    private sealed class PodRules<TPod> : AbstractValidator<TPod>
        where TPod : PodSettings
    {
        public PodRules()
        {
            RuleFor(pod => pod.LogLevel).Must(level => LogFilter.TryParse(level, out _, out _))
                .WithMessage("must be a log filter: trace, debug, info, warn, error or off, and scope=level after commas");
            RuleForEach(pod => pod.Env).OverrideIndexer((_, _, variable, _) => $".{variable.Name}")
                .Must(variable => MeshPatterns.VariableName.IsMatch(variable.Name))
                .WithMessage("must have a name of letters, digits and '_' that does not begin with a digit");
            RuleFor(pod => pod.Env).Must(variables => variables.DistinctBy(variable => variable.Name).Count() == variables.Count)
                .WithMessage("names a variable twice; keep one of them");
            RuleFor(pod => pod.Resources).Custom(static (resources, context) =>
            {
                foreach (var problem in ResourceProblems(resources)) context.AddFailure(problem);
            });
        }

        private static IEnumerable<string> ResourceProblems(ResourcesSpec? resources)
        {
            var (requests, limits) = (resources?.Requests, resources?.Limits);
            foreach (var (list, entries) in new[] { ("requests", requests), ("limits", limits) })
            {
                foreach (var (name, quantity) in entries ?? new Dictionary<string, string>())
                {
                    if (!Quantity.TryParse(quantity, out _)) yield return $"{list}.{name} '{quantity}' is not a quantity; write 500m, 2 or 512Mi";
                }
            }
            foreach (var (name, wanted) in requests ?? new Dictionary<string, string>())
            {
                if (limits?.GetValueOrDefault(name) is not { } limit) continue;
                if (Quantity.TryParse(wanted, out var request) && Quantity.TryParse(limit, out var most) && most < request)
                {
                    yield return $"limits.{name} {limit} is below requests.{name} {wanted}; raise the limit or lower the request";
                }
            }
        }
    }
}
