using System.Globalization;
using System.Text;

namespace Mesh.Xds.Grpc;

/// <summary>The end of a call: a code and, unless it is Ok, why.</summary>
public readonly record struct GrpcStatus(GrpcCode Code, string Message = "")
{
    public static GrpcStatus Ok => new(GrpcCode.Ok);

    /// <summary>Empty when there is nothing to say.</summary>
    public string Message { get => field ?? ""; init; } = Message;

    /// <summary>Value of the grpc-status trailer.</summary>
    public string CodeText => ((int)Code).ToString(CultureInfo.InvariantCulture);

    /// <summary>Value of the grpc-message trailer: percent-encoded UTF-8, printable ASCII as it is.</summary>
    public string EncodedMessage
    {
        get
        {
            var text = new StringBuilder();
            foreach (var b in Encoding.UTF8.GetBytes(Message))
            {
                if (b is >= 0x20 and <= 0x7E and not (byte)'%') text.Append((char)b);
                else text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
            }
            return text.ToString();
        }
    }

    /// <summary>Reads the two trailers; a missing or unreadable code is Unknown.</summary>
    public static GrpcStatus Parse(string? code, string? message)
    {
        var known = int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= (int)GrpcCode.Unauthenticated;
        if (!known) return new GrpcStatus(GrpcCode.Unknown, code is null ? "the peer sent no grpc-status" : $"grpc-status {code}");
        return new GrpcStatus((GrpcCode)number, Uri.UnescapeDataString(message ?? ""));
    }

    public override string ToString() => Message.Length == 0 ? Code.ToString() : $"{Code}: {Message}";
}
