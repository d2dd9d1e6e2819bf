using System.Globalization;
using System.Text;
using Mesh.Inpod;
using Mesh.Model;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Admin;

/// <summary>A live connection as a line of the page; a copy, for the connection belongs to its loop.</summary>
internal readonly record struct ConnectionRow(
    PodInfo Pod,
    bool IsOutbound,
    IpPort Source,
    IpPort Asked,
    IpPort Destination,
    bool IsMutualTls,
    long RequestBytes,
    long ResponseBytes,
    long StartedAt,
    string? Peer)
{
    public static ConnectionRow Of(LiveConnection connection) => new(
        connection.Lane.Pod.Info,
        connection.Direction == Direction.Outbound,
        connection.Source,
        connection.Asked,
        connection.Destination,
        connection.IsMutualTls,
        connection.RequestBytes,
        connection.ResponseBytes,
        connection.StartedAt,
        connection.DestinationWorkload?.Name);

    public void WriteTo(StringBuilder text, TimeSpan age)
    {
        var (arrow, kind) = (IsOutbound ? "->" : "<-", IsMutualTls ? "mTLS" : "plaintext");
        text.Append(CultureInfo.InvariantCulture, $"{Pod.Namespace}/{Pod.Name} {arrow} {Source} {Asked} via {Destination} ");
        text.Append(CultureInfo.InvariantCulture, $"{kind} request={RequestBytes} response={ResponseBytes} age={(long)age.TotalSeconds}s peer={Peer}\n");
    }
}
