namespace Mesh.Model.Decisions;

/// <summary>Randomness as an argument: one seed gives the same sequence of choices every time (splitmix64).</summary>
public struct Chance(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        var mixed = _state += 0x9E37_79B9_7F4A_7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }

    /// <summary>A number from 0 up to, not including, the limit.</summary>
    public ulong Below(ulong limit) => (ulong)(((UInt128)Next() * limit) >> 64);
}
