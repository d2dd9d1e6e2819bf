using Mesh.Xds.Wire;

namespace Mesh.Fuzz.Targets;

/// <summary>istio.workload.Address: what decodes must encode to something that decodes to the same bytes.</summary>
internal sealed class AddressTarget() : Target("xds-address")
{
    private readonly ProtoWriter writer = new();

    public override byte[] Make(Random random) => random.Next(2) == 0
        ? ResourceWire.Encode(MeshSamples.Workload(random), writer)
        : ResourceWire.Encode(MeshSamples.Service(random), writer);

    public override bool Try(byte[] input, Random random)
    {
        var shared = new WireDecoder();
        var problem = ResourceWire.DecodeAddress(input, shared, "Kubernetes//Pod/shop/cart-0", out var workload, out var service);
        if (problem is not null) return false;
        Require(workload is null != service is null, "without a problem there is exactly one of the two");
        var encoded = workload is null ? ResourceWire.Encode(service!, writer) : ResourceWire.Encode(workload, writer);
        problem = ResourceWire.DecodeAddress(encoded, shared, "Kubernetes//Pod/shop/cart-0", out workload, out service);
        Require(problem is null, "what we encode, we decode");
        var again = workload is null ? ResourceWire.Encode(service!, writer) : ResourceWire.Encode(workload, writer);
        Require(again.AsSpan().SequenceEqual(encoded), "a second round trip changes nothing");
        return true;
    }
}
