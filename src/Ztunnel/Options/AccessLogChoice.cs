namespace Mesh.Ztunnel.Options;

/// <summary>Which connections get a line in the access log: every failed one, and one in so many of the others (0: none, 1: all).</summary>
internal readonly record struct AccessLogChoice(int OneIn)
{
    public const int OneInMax = 1_000_000;

    public static AccessLogChoice All { get; } = new(1);

    public static AccessLogChoice Failures { get; } = new(0);

    public static AccessLogChoice Read(OptionReader from)
    {
        const string Name = "MESH_ACCESS_LOG", Sample = "sample=";
        if (from.TextOrNull(Name) is not { } text || text is "all") return All;
        if (text is "failures") return Failures;
        if (text.StartsWith(Sample, StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(Sample.Length), System.Globalization.NumberStyles.None, null, out var oneIn)
            && oneIn is > 0 and <= OneInMax)
        {
            return new AccessLogChoice(oneIn);
        }

        from.Refuse(Name, text, $"write all, failures, or sample=N for one in N successful connections (N up to {OneInMax}); failures are always logged");
        return All;
    }
}
