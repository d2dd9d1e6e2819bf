using Mesh.Model;

namespace Mesh.ControlPlane.Translate;

/// <summary>What a port carries, by its appProtocol or its name. Pure.</summary>
internal static class AppProtocols
{
    public static AppProtocol Of(string? transport, string? appProtocol, string? portName, int port)
    {
        if (transport == "UDP") return AppProtocol.Unknown;
        switch (appProtocol)
        {
            case "kubernetes.io/h2c": return AppProtocol.Http2;
            case "kubernetes.io/ws": return AppProtocol.Http11;
            case "kubernetes.io/wss": return AppProtocol.Tls;
            default: break;
        }
        var name = string.IsNullOrEmpty(appProtocol) ? portName ?? "" : appProtocol;
        if (name.StartsWith("grpc-web", StringComparison.OrdinalIgnoreCase)) return AppProtocol.Unknown;
        var dash = name.IndexOf('-', StringComparison.Ordinal);
        if (Named(dash < 0 ? name : name[..dash]) is { } known) return known;
        return port is 25 or 53 or 3306 or 27017 ? AppProtocol.Tcp : AppProtocol.Unknown; // Protocols whose server speaks first.
    }

    public static AppProtocol OfServiceEntry(string? protocol) => Named(protocol ?? "") ?? AppProtocol.Unknown;

    private static AppProtocol? Named(string word) => word.ToLowerInvariant() switch
    {
        "http" => AppProtocol.Http11,
        "http2" => AppProtocol.Http2,
        "grpc" => AppProtocol.Grpc,
        "tls" or "https" => AppProtocol.Tls,
        "tcp" => AppProtocol.Tcp,
        _ => null,
    };
}
