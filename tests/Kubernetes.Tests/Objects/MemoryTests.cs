using System.Globalization;
using System.Text;
using System.Text.Json;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Watching;

namespace Mesh.Kubernetes.Tests.Objects;

[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    [Fact]
    public void A_hundred_thousand_pods_with_two_indexes_keep_within_their_budget()
    {
        const int sample = 10_000; // A tenth of the claim: cost is linear, and the unit tests stay quick.
        const int bytesPerPodMax = 2_000;
        var lister = new Lister<Pod>(new Dictionary<string, Func<Pod, IEnumerable<string>>>
        {
            ["node"] = pod => [pod.Spec.NodeName ?? ""],
            ["ip"] = pod => [pod.Status.PodIp ?? ""],
        });
        var before = GC.GetTotalMemory(forceFullCollection: true);

        for (var i = 0; i < sample; i++) lister.Put(JsonSerializer.Deserialize(Encoding.UTF8.GetBytes(Json(i)), Pod.Resource.Json)!);

        var perPod = (GC.GetTotalMemory(forceFullCollection: true) - before) / sample;
        TestContext.Current.TestOutputHelper?.WriteLine($"{perPod} bytes per pod");
        Assert.InRange(perPod, 300, bytesPerPodMax);
        GC.KeepAlive(lister);
    }

    private static string Json(int i)
    {
        var n = i.ToString(CultureInfo.InvariantCulture);
        var app = (i % 500).ToString(CultureInfo.InvariantCulture);
        return $$$"""
            {"metadata":{"name":"app-{{{app}}}-5d8f7c9b6d-{{{n}}}","namespace":"team-{{{i % 50}}}","uid":"0f3c7a52-6a5e-4f0e-9d5e-{{{i:x12}}}","resourceVersion":"{{{1000000 + i}}}",
            "creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"app-{{{app}}}","pod-template-hash":"5d8f7c9b6d","version":"v1"},
            "annotations":{"ambient.istio.io/redirection":"enabled"},
            "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"app-{{{app}}}-5d8f7c9b6d","uid":"5f3c7a52-6a5e-4f0e-9d5e-{{{i % 500:x12}}}","controller":true,"blockOwnerDeletion":true}],
            "managedFields":[{"manager":"kubelet","fieldsV1":{"f:status":{"f:conditions":{} } } }]},
            "spec":{"nodeName":"node-{{{i / 100}}}","serviceAccountName":"app-{{{app}}}","containers":[{"name":"app","image":"registry/app-{{{app}}}:v1","ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}]}]},
            "status":{"phase":"Running","hostIP":"172.30.{{{i / 100 % 250}}}.11","podIP":"10.{{{i / 65536}}}.{{{i / 256 % 256}}}.{{{i % 256}}}","podIPs":[{"ip":"10.{{{i / 65536}}}.{{{i / 256 % 256}}}.{{{i % 256}}}"}],
            "conditions":[{"type":"Initialized","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"ContainersReady","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"PodScheduled","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}],
            "containerStatuses":[{"name":"app","ready":true,"restartCount":0,"imageID":"sha256:{{{app}}}","state":{"running":{"startedAt":"2026-01-01T00:00:00Z"} } }]}}
            """;
    }
}
