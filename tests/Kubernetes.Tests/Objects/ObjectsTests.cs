using System.Text;
using System.Text.Json;
using Mesh.Kubernetes.Json;
using Mesh.Kubernetes.Objects;

namespace Mesh.Kubernetes.Tests.Objects;

public sealed class ObjectsTests
{
    [Fact]
    public void A_pod_gives_what_we_read_and_forgets_the_rest()
    {
        var pod = Read(Pod.Resource, """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"cart-0","namespace":"shop","uid":"u","resourceVersion":"7","generation":2,
              "creationTimestamp":"2026-01-01T00:00:00Z","deletionTimestamp":"2026-01-02T00:00:00Z","labels":{"b":"2","a":"1"},"annotations":null,
              "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"cart","uid":"o","controller":true}],
              "finalizers":["f"],"managedFields":[{"manager":"x","fieldsV1":{"f:a":{}}}]},
             "spec":{"nodeName":"n","hostNetwork":true,"serviceAccountName":"cart","volumes":[{}],
              "containers":[{"name":"c","image":"i","ports":[{"name":"http","containerPort":80,"protocol":"TCP"}]}],
              "initContainers":[{"name":"s","restartPolicy":"Always"}],"readinessGates":[{"conditionType":"g"}]},
             "status":{"phase":"Running","podIP":"10.0.0.1","hostIP":"172.30.0.11","podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],
              "conditions":[{"type":"Ready","status":"True","lastTransitionTime":null}],
              "containerStatuses":[{"name":"c","ready":true,"restartCount":3,"imageID":"sha","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}}
            """);

        Assert.Equal((new ObjectKey("shop", "cart-0"), "u", "7", 2L, true), (pod.Metadata.Key, pod.Metadata.Uid, pod.Metadata.ResourceVersion, pod.Metadata.Generation, pod.Metadata.IsBeingDeleted));
        Assert.Equal([KeyValuePair.Create("a", "1"), KeyValuePair.Create("b", "2")], pod.Metadata.Labels);
        Assert.Empty(pod.Metadata.Annotations);
        Assert.Equal("cart", pod.Metadata.FindController()!.Name);
        Assert.Equal(("n", true, "cart", "Always"), (pod.Spec.NodeName, pod.Spec.HostNetwork, pod.Spec.ServiceAccountName, pod.Spec.InitContainers[0].RestartPolicy));
        Assert.Equal(("10.0.0.1", "172.30.0.11", "fd00::1"), (pod.Status.PodIp, pod.Status.HostIp, pod.Status.PodIps[1].Ip));
        Assert.Equal((3, "sha", "CrashLoopBackOff"), (pod.Status.ContainerStatuses[0].RestartCount, pod.Status.ContainerStatuses[0].ImageId, pod.Status.ContainerStatuses[0].State!.Waiting!.Reason));
        Assert.True(pod.IsReady);
        Assert.False(pod.IsTerminal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"metadata":null,"spec":null,"status":null}""")]
    [InlineData("""{"metadata":{"name":null,"labels":null,"finalizers":null},"spec":{"containers":null,"serviceAccountName":null},"status":{"podIPs":null}}""")]
    public void What_is_absent_or_null_is_empty(string json)
    {
        var pod = Read(Pod.Resource, json);

        Assert.Equal(("", "", "", false), (pod.Metadata.Name, pod.Metadata.Namespace, pod.Spec.ServiceAccountName, pod.IsReady));
        Assert.Empty(pod.Metadata.Labels);
        Assert.Empty(pod.Metadata.Finalizers);
        Assert.Empty(pod.Spec.Containers);
        Assert.Empty(pod.Status.PodIps);
    }

    [Fact]
    public void A_service_keeps_its_ports_and_addresses()
    {
        var service = Read(Service.Resource, """
            {"metadata":{"name":"s"},"spec":{"type":"ClusterIP","clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9","fd00::9"],"externalIPs":["1.2.3.4"],
             "selector":{"app":"cart"},"internalTrafficPolicy":"Local","ports":[{"name":"http","port":80,"targetPort":"web"},{"port":81,"targetPort":8081,"appProtocol":"http"}]},
             "status":{"loadBalancer":{"ingress":[{"ip":"5.6.7.8"}]}}}
            """);

        Assert.Equal(["10.96.0.9", "fd00::9"], service.Spec.ClusterIps);
        Assert.Equal(["1.2.3.4"], service.Spec.ExternalIps);
        Assert.Equal(("web", "8081", "http"), (service.Spec.Ports[0].TargetPort.ToString()!, service.Spec.Ports[1].TargetPort.ToString()!, service.Spec.Ports[1].AppProtocol!));
        Assert.Equal("5.6.7.8", service.Status.LoadBalancer!.Ingress[0].Ip);
        Assert.Equal("Local", service.Spec.InternalTrafficPolicy);
    }

    [Theory]
    [InlineData("""{"nodeName":"n","zone":"z"}""")]
    [InlineData("""{"topology":{"kubernetes.io/hostname":"n","topology.kubernetes.io/zone":"z"}}""")]
    [InlineData("""{"nodeName":"n","topology":{"kubernetes.io/hostname":"other","topology.kubernetes.io/zone":"z"}}""")]
    public void An_endpoint_of_either_form_names_its_node_and_zone(string endpoint)
    {
        var slice = Read(EndpointSlice.Resource, $$"""{"addressType":"IPv4","endpoints":[{{endpoint}}],"ports":null}""");

        Assert.Equal(("n", "z"), (slice.Endpoints[0].FindNode(), slice.Endpoints[0].FindZone()));
        Assert.Empty(slice.Ports);
    }

    [Fact]
    public void A_secret_s_data_is_bytes()
    {
        var secret = Read(Secret.Resource, """{"type":"Opaque","data":{"k":"AAH/","empty":""}}""");

        Assert.Equal(new byte[] { 0, 1, 255 }, secret.Data["k"]);
        Assert.Empty(secret.Data["empty"]);
    }

    [Theory]
    [InlineData(2, 3, 3, 3, 3, true)]
    [InlineData(1, 3, 3, 3, 3, false)] // The controller has not seen this generation.
    [InlineData(2, 3, 4, 3, 3, false)] // An old replica is left.
    [InlineData(2, 3, 3, 2, 3, false)] // Not all are new.
    [InlineData(2, 3, 3, 3, 2, false)] // Not all are available.
    public void A_deployment_is_rolled_out_when_only_new_replicas_serve(long seen, int wanted, int all, int updated, int available, bool expected) =>
        Assert.Equal(expected, Read(Deployment.Resource, $$$"""
            {"metadata":{"generation":2},"spec":{"replicas":{{{wanted}}}},"status":{"observedGeneration":{{{seen}}},"replicas":{{{all}}},"updatedReplicas":{{{updated}}},"availableReplicas":{{{available}}}}}
            """).IsRolledOut);

    [Theory]
    [InlineData(2, 2, 2, true)]
    [InlineData(1, 2, 2, false)]
    [InlineData(2, 1, 2, false)]
    [InlineData(2, 2, 1, false)]
    public void A_daemon_set_is_rolled_out_when_every_node_runs_the_new_one(long seen, int updated, int available, bool expected) =>
        Assert.Equal(expected, Read(DaemonSet.Resource, $$$"""
            {"metadata":{"generation":2},"status":{"observedGeneration":{{{seen}}},"desiredNumberScheduled":2,"updatedNumberScheduled":{{{updated}}},"numberAvailable":{{{available}}}}}
            """).IsRolledOut);

    [Theory]
    [InlineData("""{"matchLabels":{"a":"1"}}""", true)]
    [InlineData("""{"matchLabels":{"a":"2"}}""", false)]
    [InlineData("{}", true)]
    [InlineData("""{"matchExpressions":[{"key":"a","operator":"In","values":["0","1"]},{"key":"b","operator":"DoesNotExist"}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"a","operator":"NotIn","values":["1"]}]}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"b","operator":"NotIn","values":["1"]}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"a","operator":"Exists"}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"a","operator":"Gt","values":["0"]}]}""", false)]
    public void A_selector_selects_as_the_server_does(string selector, bool expected)
    {
        var deployment = Read(Deployment.Resource, $$"""{"spec":{"selector":{{selector}} } }""");

        Assert.Equal(expected, deployment.Spec.Selector!.Selects(StringMap.From([KeyValuePair.Create("a", "1")])));
    }

    [Fact]
    public void A_micro_time_has_six_digits_and_a_time_none()
    {
        var time = new DateTimeOffset(2026, 1, 1, 2, 0, 0, TimeSpan.FromHours(2)).AddTicks(1234567);

        var lease = JsonSerializer.Serialize(new LeaseSpec { RenewTime = time }, KubernetesJson.Default.LeaseSpec);
        var condition = JsonSerializer.Serialize(new Condition { LastTransitionTime = time }, KubernetesJson.Default.Condition);

        Assert.Contains("\"2026-01-01T00:00:00.123456Z\"", lease, StringComparison.Ordinal);
        Assert.Contains("\"2026-01-01T00:00:00Z\"", condition, StringComparison.Ordinal);
    }

    [Fact]
    public void Repeated_texts_are_one_string()
    {
        var one = Read(Pod.Resource, """{"metadata":{"namespace":"shop-of-everything","labels":{"app":"cart-of-everybody"}},"spec":{"nodeName":"node-\u0061"}}""");
        var two = Read(Pod.Resource, """{"metadata":{"namespace":"shop-of-everything","labels":{"app":"cart-of-everybody"}},"spec":{"nodeName":"node-\u0061"}}""");

        Assert.Same(one.Metadata.Namespace, two.Metadata.Namespace);
        Assert.Same(one.Metadata.Labels["app"], two.Metadata.Labels["app"]);
        Assert.Equal("node-a", one.Spec.NodeName);
    }

    [Fact]
    public void A_string_map_is_a_sorted_map_compared_by_value()
    {
        var map = StringMap.From([KeyValuePair.Create("b", "2"), KeyValuePair.Create("a", "1"), KeyValuePair.Create("b", "3")]);

        Assert.Equal(["a", "b"], map.Keys);
        Assert.Equal(["1", "3"], map.Values);
        Assert.Equal(map, StringMap.From([KeyValuePair.Create("a", "1"), KeyValuePair.Create("b", "3")]));
        Assert.True(map.Has("a", "1"));
        Assert.False(map.TryGetValue("c", out _));
        Assert.Throws<KeyNotFoundException>(() => map["c"]);
    }

    [Fact]
    public void A_dynamic_object_knows_its_group_version_and_metadata()
    {
        var thing = KubernetesObject.Parse("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"s","labels":{"x":"y"}},"spec":{"replicas":1}}"""u8);
        var core = KubernetesObject.Parse("""{"apiVersion":"v1","kind":"Pod"}"""u8);

        Assert.Equal(("apps", "v1", "y"), (thing.Group, thing.Version, thing.Metadata.Labels["x"]));
        Assert.Equal(("", "v1", ""), (core.Group, core.Version, core.Metadata.Name));
        var copy = thing.Clone();
        copy.Json["metadata"]!["name"] = "b";
        copy.Forget();
        Assert.Equal(("a", "b"), (thing.Metadata.Name, copy.Metadata.Name));
        Assert.Throws<JsonException>(() => KubernetesObject.Parse("[]"u8));
    }

    private static T Read<T>(ResourceType<T> type, string json)
        where T : class, IKubernetesObject => JsonSerializer.Deserialize(Encoding.UTF8.GetBytes(json), type.Json)!;
}
