using BenchmarkDotNet.Attributes;
using Mesh.Identity;
using Mesh.Model;
using Mesh.Model.Policy;

namespace Mesh.Microbenchmarks.Model;

/// <summary>A connection against many denials of which none matches: every rule has its say.</summary>
public class PolicyBenchmarks
{
    private const int RulesPerPolicy = 10;
    private PolicyIndex byPrincipal = null!;
    private PolicyIndex byPort = null!;
    private AuthorizationContext about;

    [Params(10, 1_000, 10_000)]
    public int Rules { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        byPrincipal = Build(i => new PolicyMatch { Principals = [new TextMatch(TextMatchKind.Exact, $"cluster.local/ns/other/sa/nobody-{i}")] });
        byPort = Build(i => new PolicyMatch { NotDestinationPorts = [80], NotNamespaces = [new TextMatch(TextMatchKind.Prefix, $"x{i}")] });
        about = new AuthorizationContext(Ip.FromV4(0x0A01_0203), Ip.FromV4(0x0A01_0204), 80, new SpiffeId("cluster.local", "shop", "cart"));
    }

    [Benchmark]
    public bool ExactPrincipals() => byPrincipal.Authorize("shop", [], about).IsAllowed;

    [Benchmark]
    public bool PortsAndPrefixes() => byPort.Authorize("shop", [], about).IsAllowed;

    private PolicyIndex Build(Func<int, PolicyMatch> match)
    {
        var builder = new PolicyIndexBuilder();
        for (var policy = 0; policy * RulesPerPolicy < Rules; policy++)
        {
            var start = policy * RulesPerPolicy;
            builder.Set(new AuthorizationPolicy
            {
                Name = $"deny-{policy}",
                Namespace = "shop",
                Scope = PolicyScope.Namespace,
                Action = PolicyAction.Deny,
                Rules = [.. Enumerable.Range(start, RulesPerPolicy).Select(i => new PolicyRule([new PolicyClause([match(i)])]))],
            });
        }

        return builder.Freeze();
    }
}
