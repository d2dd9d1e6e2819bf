using System.Text.Json;
using Mesh.ControlPlane.Publish;
using Mesh.ControlPlane.Resources;
using Mesh.ControlPlane.Translate;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Xds.Server;

namespace Mesh.ControlPlane.Tests.Publish;

/// <summary>Policies that mean nothing close what they select, and say so.</summary>
public sealed class BadPolicyTests
{
    private const string DenyAll = """{ "name": "p", "namespace": "shop", "scope": "NAMESPACE", "action": "DENY", "groups": [ { } ] }""";
    private const string AllowNone = """{ "name": "p", "namespace": "shop", "scope": "NAMESPACE" }""";
    private readonly MeshIndex _index = new(new MeshSettings());
    private ResourceSnapshot _snapshot = ResourceSnapshot.Empty;
    private IndexFlush _flush = new();
    private bool _primed;

    [Theory]
    [InlineData("""{"action":"DENY","rules":[{"to":[{"operation":{"ports":[8080]}}]}]}""", DenyAll)]
    [InlineData("""{"action":"Deny","rules":[{"to":[{"operation":{"ports":["8080"]}}]}]}""", DenyAll)]
    [InlineData("""{"action":7}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"from":[{"source":{"ipBlocks":["10.0.0.0/99"]}}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"from":[{"source":{"ipBlocks":["10/8"]}}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"from":[{"source":{"notIpBlocks":["x"]}}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"to":[{"operation":{"ports":["http"]}}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"from":[{"source":{"serviceAccounts":["a/b/c"]}}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"from":[{"source":{}}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"to":[{"operation":{"ports":[]}}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"when":[{"key":"source.ip"}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"form":[{"source":{"namespaces":["a"]}}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[null]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"from":[null]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"when":[null]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"from":[{"source":{"ipBlocks":[null]}}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","rules":[{"from":[{"source":{"principals":[null]}}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","selector":{"matchLables":{"app":"x"}},"rules":[{"from":[{"source":{"namespaces":["a"]}}]}]}""", DenyAll)]
    [InlineData("""{"action":"DENY","selector":{"matchLabels":{"app":null}},"rules":[{"from":[{"source":{"namespaces":["a"]}}]}]}""", DenyAll)]
    [InlineData("""["nonsense"]""", AllowNone)]
    [InlineData("""{"rules":[null]}""", AllowNone)]
    [InlineData("""{"rules":[{"form":[{"source":{"namespaces":["a"]}}]}]}""", AllowNone)]
    [InlineData("""{"rules":[{"to":[{"operation":{"ports":["x"]}}]}]}""", AllowNone)]
    [InlineData("""{"rules":[{"from":[{"source":{"trustDomains":["a"]}}]}]}""", AllowNone)]
    public void A_malformed_policy_closes_what_it_selects_and_is_found(string spec, string expected)
    {
        Policy("shop", "p", spec);
        Policy("shop", "good", """{"rules":[{"from":[{"source":{"namespaces":["a"]}}]}]}""");

        Assert.Equal(Norm(expected), Norm(FindPolicy("shop/p")!.Value.GetRawText()));
        Assert.NotNull(FindPolicy("shop/good"));
        var finding = Assert.Single(_index.Findings);
        Assert.Equal(new ObjectKey("shop", "p"), finding.Key);
        Assert.NotEmpty(finding.Text);
    }

    [Fact]
    public void An_allow_keeps_its_good_rules_and_a_deny_its_selector()
    {
        Policy("shop", "p", """{"rules":[{"to":[{"operation":{"ports":["80","x"]}}]},{"to":[{"operation":{"ports":["443"]}}]}]}""");
        Policy("shop", "d", """{"action":"DENY","selector":{"matchLabels":{"app":"x"}},"rules":[{"to":[{"operation":{"ports":[1]}}]}]}""");
        Pod("x", """{"app":"x"}""");
        Pod("y", """{"app":"y"}""");

        Assert.Equal(
            Norm("""{ "name": "p", "namespace": "shop", "scope": "NAMESPACE", "groups": [ { "rules": [ { "matches": [ { "destinationPorts": [ 443 ] } ] } ] } ] }"""),
            Norm(FindPolicy("shop/p")!.Value.GetRawText()));
        Assert.Equal(["shop/d"], PoliciesOf("x"));
        Assert.Empty(PoliciesOf("y"));
        Assert.Equal(Norm("""{ "name": "d", "namespace": "shop", "scope": "WORKLOAD_SELECTOR", "action": "DENY", "groups": [ { } ] }"""), Norm(FindPolicy("shop/d")!.Value.GetRawText()));
    }

    [Fact]
    public void A_malformed_policy_that_is_attached_elsewhere_or_for_the_log_closes_nothing()
    {
        Policy("shop", "p", """{"action":"DENY","targetRefs":[{"kind":"Gateway","name":"w"}],"rules":[{"to":[{"operation":{"ports":[1]}}]}]}""");
        Policy("shop", "custom", """{"action":"CUSTOM","provider":{"name":"x"},"rules":[{}]}""");

        Assert.Null(FindPolicy("shop/p"));
        Assert.Null(FindPolicy("shop/custom"));
        Assert.Equal([true, false], _index.Findings.OrderByDescending(f => f.Key.Name, StringComparer.Ordinal).Select(f => f.IsMalformed));
    }

    [Fact]
    public void A_finding_is_told_once_and_goes_with_its_cause()
    {
        Policy("shop", "p", """{"action":"Deny"}""");
        Flush();
        Assert.Single(_flush.NewFindings);

        Policy("shop", "p", """{"action":"Deny"}""");
        Flush();
        Assert.False(_flush.FindingsChanged);

        Policy("shop", "p", """{"action":"DENY","rules":[{}]}""");
        Flush();
        Assert.True(_flush.FindingsChanged);
        Assert.Empty(_flush.NewFindings);
        Assert.Empty(_index.Findings);
    }

    [Theory]
    [InlineData("""{"selector":{"matchLabels":{"app":"x"}},"portLevelMtls":{"8080":null}}""", true, false)]
    [InlineData("""{"selector":{"matchLabels":{"app":"x"}},"mtls":{"mode":"strict"}}""", true, false)]
    [InlineData("""{"selector":{"matchLabels":{"app":"x"}},"portLevelMtls":{"http":{"mode":"STRICT"}}}""", true, false)]
    [InlineData("""{"selector":{"matchLabels":{"app":"x"}},"portLevelMtls":{"0":{"mode":"STRICT"}}}""", true, false)]
    [InlineData("""{"selector":{"matchLabels":{"app":"x"}},"portLevelMtls":{"80":{"mode":"Strict"}}}""", true, false)]
    [InlineData("""{"selector":{"matchLabels":{"app":"x"}},"mtls":{"Mode":"STRICT"}}""", true, false)]
    [InlineData("""{"mtls":{"mode":"strict"}}""", true, true)]
    [InlineData("""{"mtls":"STRICT"}""", true, true)]
    [InlineData("""{"selector":"x"}""", true, true)]
    public void A_malformed_peer_authentication_is_strict_for_what_it_selects_and_is_found(string spec, bool x, bool y)
    {
        Peer("istio-system", "default", """{"mtls":{"mode":"PERMISSIVE"}}""");
        Peer("shop", "aaa", """{"selector":{"matchLabels":{"app":"x"}},"mtls":{"mode":"PERMISSIVE"}}""");
        Peer("shop", "bad", spec);
        Pod("x", """{"app":"x"}""");
        Pod("y", """{"app":"y"}""");
        _index.SetPeer(new ObjectKey("shop", "aaa"), null);

        Assert.Equal(x ? ["istio-system/istio_converted_static_strict"] : [], PoliciesOf("x"));
        Assert.Equal(y ? ["istio-system/istio_converted_static_strict"] : [], PoliciesOf("y"));
        Assert.True(Assert.Single(_index.Findings).IsMalformed);
        Assert.Empty(_flush.Faults);
    }

    [Fact]
    public void A_policy_whose_translation_throws_denies_and_costs_the_others_nothing()
    {
        var poisoned = new AuthorizationPolicyObject
        {
            Metadata = new ObjectMeta { Name = "p", Namespace = "shop" },
            Spec = new AuthorizationPolicySpec { Rules = [null!] },
        };
        _index.SetPolicy(new ObjectKey("shop", "p"), poisoned);
        Policy("shop", "good", """{"rules":[{"from":[{"source":{"namespaces":["a"]}}]}]}""");

        Assert.Equal(Norm(DenyAll), Norm(FindPolicy("shop/p")!.Value.GetRawText()));
        Assert.NotNull(FindPolicy("shop/good"));
        Assert.True(Assert.Single(_index.Findings).IsMalformed);
    }

    [Fact]
    public void One_poisoned_object_of_each_kind_costs_the_others_nothing()
    {
        Flush();
        _index.SetPod(new ObjectKey("shop", "bad"), new Pod { Metadata = new ObjectMeta { Name = "bad", Namespace = "shop" }, Status = new PodStatus { PodIps = [null!] } });
        _index.SetService(new ObjectKey("shop", "bad"), new Kubernetes.Objects.Service { Metadata = new ObjectMeta { Name = "bad", Namespace = "shop" }, Spec = new ServiceSpec { Ports = [null!] } });
        _index.SetSlice(new ObjectKey("shop", "bad"), Read("""{"metadata":{"name":"bad","namespace":"shop","labels":{"kubernetes.io/service-name":"ok"}},"addressType":"IPv4","endpoints":[{"addresses":["192.0.2.9"]}]}""", EndpointSlice.Resource.Json));
        _index.SetServiceEntry(new ObjectKey("shop", "se"), Read("""{"metadata":{"name":"se","namespace":"shop"},"spec":{"hosts":[null,"a.example.org"],"addresses":[null],"ports":[null],"resolution":"STATIC","endpoints":[null,{"address":"192.0.2.1"}]},"status":{"addresses":[null]}}""", MeshJson.Default.ServiceEntryObject));
        _index.SetGateway(new ObjectKey("shop", "gw"), Read("""{"metadata":{"name":"gw","namespace":"shop"},"spec":{"listeners":[null]},"status":{"addresses":[null,{"value":"10.96.0.50"}]}}""", MeshJson.Default.GatewayObject));
        Policy("shop", "p", """{"action":"DENY","rules":[{"from":[null]}]}""");
        Peer("shop", "pa", """{"portLevelMtls":{"8080":null}}""");
        Pod("good", "{}");

        Flush();

        Assert.Equal(["Pod", "Service"], _flush.Faults.Select(f => f.Kind).Order(StringComparer.Ordinal));
        Assert.NotNull(FindPolicy("shop/p"));
        Assert.Equal(["istio-system/istio_converted_static_strict"], PoliciesOf("good"));
        Assert.Contains(Dump().GetProperty("services").EnumerateArray(), s => s.GetProperty("hostname").GetString() == "a.example.org");
    }

    private void Policy(string ns, string name, string spec) => _index.SetPolicy(
        new ObjectKey(ns, name), Read($$$"""{"metadata":{"name":"{{{name}}}","namespace":"{{{ns}}}"},"spec":{{{spec}}}}""", MeshJson.Default.AuthorizationPolicyObject));

    private void Peer(string ns, string name, string spec) => _index.SetPeer(
        new ObjectKey(ns, name), Read($$$"""{"metadata":{"name":"{{{name}}}","namespace":"{{{ns}}}"},"spec":{{{spec}}}}""", MeshJson.Default.PeerAuthenticationObject));

    private void Pod(string name, string labels) => _index.SetPod(
        new ObjectKey("shop", name),
        Read($$$"""{"metadata":{"name":"{{{name}}}","namespace":"shop","labels":{{{labels}}}},"status":{"phase":"Running","podIP":"10.0.0.1"}}""", Kubernetes.Objects.Pod.Resource.Json));

    private static T Read<T>(string json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => JsonSerializer.Deserialize(json, type)!;

    private void Flush()
    {
        if (!_primed) _index.Prime();
        _primed = true;
        _flush = _index.Flush();
        (_snapshot, _) = _snapshot.Apply(_flush.Updates, _flush.RemovedAddresses, _flush.RemovedPolicies);
    }

    private JsonElement Dump()
    {
        if (_index.HasChanges || !_primed) Flush();
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            ResourceDump.Write(json, _snapshot);
            json.WriteEndObject();
        }
        return JsonDocument.Parse(stream.ToArray()).RootElement;
    }

    private JsonElement? FindPolicy(string key)
    {
        foreach (var policy in Dump().GetProperty("policies").EnumerateArray())
        {
            if ($"{policy.GetProperty("namespace").GetString()}/{policy.GetProperty("name").GetString()}" == key) return policy;
        }
        return null;
    }

    private string[] PoliciesOf(string pod)
    {
        var workload = Dump().GetProperty("workloads").EnumerateArray().Single(w => w.GetProperty("uid").GetString() == $"Kubernetes//Pod/shop/{pod}");
        return workload.TryGetProperty("authorizationPolicies", out var names) ? [.. names.EnumerateArray().Select(n => n.GetString()!)] : [];
    }

    private static string Norm(string json) => JsonSerializer.Serialize(JsonDocument.Parse(json).RootElement);
}
