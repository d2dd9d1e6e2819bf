using System.Collections.Immutable;
using System.Net;
using Mesh.Linux.Sockets;

namespace Mesh.Ztunnel.Dns;

/// <summary>What resolv.conf says: whom to ask, and what may be missing from a name. Read once at the start.</summary>
internal sealed record ResolvConf(ImmutableArray<InetEndpoint> Servers, ImmutableArray<string> Search)
{
    public const string SystemPath = "/etc/resolv.conf";
    private const int ServersMax = 3; // As in the C library.
    private const int SearchMax = 32;
    private const int BytesMax = 64 * 1024;
    private const ushort DnsPort = 53;
    private const string ServicePrefix = "svc.";
    private static readonly char[] Blanks = [' ', '\t'];

    public static ResolvConf Empty { get; } = new([], []);

    /// <summary>The cluster's domain, if this is what a kubelet wrote: <c>svc.domain</c> and <c>domain</c> both stand in the search list.</summary>
    public string? ClusterDomain
    {
        get
        {
            foreach (var suffix in Search)
            {
                if (!suffix.StartsWith(ServicePrefix, StringComparison.Ordinal)) continue;
                var domain = suffix[ServicePrefix.Length..].TrimEnd('.');
                if (domain.Length > 0 && Search.Any(other => other.TrimEnd('.') == domain)) return domain;
            }

            return null;
        }
    }

    /// <summary>The file's settings, or why it cannot be read.</summary>
    public static (ResolvConf Settings, string? Problem) Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > BytesMax) return (Empty, $"{path} is longer than {BytesMax} bytes");
            using var reader = new StreamReader(file);
            var read = Parse(reader.ReadToEnd());
            return (read, read.Servers.IsEmpty ? $"{path} names no name server" : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (Empty, $"{path} cannot be read: {e.Message}");
        }
    }

    /// <summary>Lines that nobody understands are passed over, as every resolver does; of several search lines the last counts.</summary>
    public static ResolvConf Parse(string text)
    {
        var servers = ImmutableArray.CreateBuilder<InetEndpoint>();
        ImmutableArray<string> search = [];
        foreach (var line in text.Split('\n'))
        {
            var end = line.AsSpan().IndexOfAny('#', ';');
            var words = (end < 0 ? line : line[..end]).Split(Blanks, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words.Length < 2) continue;
            switch (words[0])
            {
                case "nameserver" when servers.Count < ServersMax && IPAddress.TryParse(words[1], out var address):
                    servers.Add(InetEndpoint.From(address, DnsPort));
                    break;
                case "search":
                    search = [.. words.Skip(1).Take(SearchMax)];
                    break;
                case "domain":
                    search = [words[1]];
                    break;
            }
        }

        return new ResolvConf(servers.DrainToImmutable(), search);
    }
}
