namespace Mesh.Xds.Wire;

/// <summary>How a protobuf field's value is laid out (the low three bits of its tag).</summary>
internal enum WireKind
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}
