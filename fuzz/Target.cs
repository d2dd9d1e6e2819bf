namespace Mesh.Fuzz;

/// <summary>One parser: how a valid input is made, and what must hold for any input.</summary>
internal abstract class Target(string name)
{
    public string Name { get; } = name;

    /// <summary>What one case may allocate, whatever it reads.</summary>
    public virtual long AllocatedBytesMax => 1024 * 1024;

    /// <summary>How many cases it gets compared with others; slow ones less.</summary>
    public virtual double Share => 1;

    /// <summary>A valid input; mutations start from many of them.</summary>
    public abstract byte[] Make(Random random);

    /// <summary>
    /// Feeds the input; throws <see cref="FuzzException"/> when an invariant breaks. Any other exception is a finding, too. True when
    /// the parser accepted it: a target that accepts nothing tests only its own door.
    /// </summary>
    public abstract bool Try(byte[] input, Random random);

    protected static void Require(bool holds, string invariant)
    {
        if (!holds) throw new FuzzException(invariant);
    }
}
