using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Cluster;

/// <summary>Teaches the server the custom kind.</summary>
internal static class Widgets
{
    public static async Task DefineAsync(KubernetesClient client)
    {
        var definition = KubernetesObject.Parse("""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},
             "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","singular":"widget","kind":"Widget","listKind":"WidgetList"},
             "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
             "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}}},
             "status":{"type":"object","properties":{"phase":{"type":"string"},"note":{"type":"string"}}}}}}}]}}
            """u8);
        (await client.ApplyAsync(definition, ApplyOptions.Forced, Wait.Stop)).Get();
        for (var i = 0; ; i++)
        {
            var known = await client.GetAsync(CustomResourceDefinition.Resource, ObjectKey.ClusterScoped("widgets.example.com"), Wait.Stop);
            if (known.IsEstablished && (await client.TryListAsync(Widget.Resource, ListOptions.All, Wait.Stop)).IsSuccess) return;
            Assert.True(i < 200, "The custom kind was not established.");
            await Task.Delay(50, Wait.Stop);
        }
    }
}
