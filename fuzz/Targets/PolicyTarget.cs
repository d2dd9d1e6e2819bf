using Mesh.Xds.Wire;

namespace Mesh.Fuzz.Targets;

/// <summary>istio.security.Authorization, the same way.</summary>
internal sealed class PolicyTarget() : Target("xds-authorization")
{
    private readonly ProtoWriter writer = new();

    public override byte[] Make(Random random) => ResourceWire.Encode(MeshSamples.Policy(random), writer);

    public override bool Try(byte[] input, Random random)
    {
        var shared = new WireDecoder();
        if (PolicyWire.Decode(input, shared, out var policy) is not null || policy is null) return false;
        var encoded = ResourceWire.Encode(policy, writer);
        Require(PolicyWire.Decode(encoded, shared, out var same) is null && same is not null, "what we encode, we decode");
        Require(ResourceWire.Encode(same!, writer).AsSpan().SequenceEqual(encoded), "a second round trip changes nothing");
        return true;
    }
}
