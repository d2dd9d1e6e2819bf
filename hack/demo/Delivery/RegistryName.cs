namespace Mesh.Demo.Delivery;

/// <summary>IMAGE_REGISTRY taken apart: <c>host[:port][/path]</c>; loopback hosts and those marked insecure speak plain HTTP.</summary>
public sealed record RegistryName(Uri Base, string Path)
{
    public static RegistryName Parse(string text)
    {
        if (text.Contains("://", StringComparison.Ordinal) || text.EndsWith('/'))
            throw new DemoException($"IMAGE_REGISTRY={text}", "write host[:port][/path] without scheme and without a slash at the end");
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var host = slash < 0 ? text : text[..slash];
        var plain = host.StartsWith("127.0.0.1", StringComparison.Ordinal) || host.StartsWith("localhost", StringComparison.Ordinal)
            || Environment.GetEnvironmentVariable("IMAGE_REGISTRY_INSECURE") == "true";
        return Uri.TryCreate($"{(plain ? "http" : "https")}://{host}/", UriKind.Absolute, out var uri)
            ? new RegistryName(uri, slash < 0 ? "" : text[(slash + 1)..] + "/")
            : throw new DemoException($"IMAGE_REGISTRY={text}", $"'{host}' is not a host name with an optional port");
    }
}
