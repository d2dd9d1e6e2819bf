namespace Mesh.Hbone;

/// <summary>The <c>traceparent</c> header (W3C Trace Context): 00-TRACE-SPAN-00, 55 characters.</summary>
public static class TraceParent
{
    public const int Length = 55;

    /// <summary>Random bytes it is made of: 16 for the trace, 8 for the span.</summary>
    public const int RandomBytes = 24;

    public static string Create(ReadOnlySpan<byte> random24)
    {
        if (random24.Length != RandomBytes) throw new ArgumentException($"Takes {RandomBytes} bytes.");
        Span<char> text = stackalloc char[Length];
        "00-".CopyTo(text);
        Convert.TryToHexStringLower(random24[..16], text[3..], out _);
        text[35] = '-';
        Convert.TryToHexStringLower(random24[16..], text[36..], out _);
        "-00".CopyTo(text[52..]);
        return new string(text);
    }
}
