using System.Net.Sockets;
using System.Text;

namespace Mesh.Cni.Plugin;

/// <summary>
/// One POST to the agent over its UNIX socket, blocking, with one deadline for all of it. Written by hand: an HTTP client would cost more
/// start-up time than the whole plugin.
/// </summary>
internal static class AgentCall
{
    private const int AnswerBytesMax = 64 * 1024;

    public static AgentReply Post(string socketPath, string page, byte[] body, TimeSpan limit, TimeProvider time)
    {
        var started = time.GetTimestamp();
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            var head = $"POST {page} HTTP/1.1\r\nHost: agent\r\nContent-Type: application/json\r\n"
                + $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n";
            var request = new byte[Encoding.ASCII.GetByteCount(head) + body.Length];
            body.CopyTo(request, Encoding.ASCII.GetBytes(head, request));
            for (var sent = 0; sent < request.Length;)
            {
                if (!TrySetDeadline(socket, Left())) return TimedOut(limit);
                sent += socket.Send(request, sent, request.Length - sent, SocketFlags.None);
            }

            var answer = new byte[AnswerBytesMax];
            var length = 0;
            while (length < answer.Length && !IsWhole(answer.AsSpan(0, length)))
            {
                if (!TrySetDeadline(socket, Left())) return TimedOut(limit);
                var received = socket.Receive(answer, length, answer.Length - length, SocketFlags.None);
                if (received == 0) break;
                length += received;
            }

            return Parse(answer.AsSpan(0, length));
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock
                ? TimedOut(limit)
                : new AgentReply(0, $"the node agent cannot be reached at {socketPath}: {e.SocketErrorCode}");
        }

        TimeSpan Left() => limit - time.GetElapsedTime(started);
    }

    private static AgentReply TimedOut(TimeSpan limit) => new(0, $"the node agent did not answer within {limit.TotalSeconds:0.#} s");

    private static bool TrySetDeadline(Socket socket, TimeSpan left)
    {
        if (left <= TimeSpan.Zero) return false;
        socket.SendTimeout = socket.ReceiveTimeout = Math.Max(1, (int)left.TotalMilliseconds);
        return true;
    }

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        return end >= 0 && TryReadLength(answer[..end], out var length) && answer.Length >= end + 4 + length;
    }

    private static AgentReply Parse(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0 || answer.Length < 12 || !answer.StartsWith("HTTP/1."u8) || !int.TryParse(answer[9..12], out var status))
        {
            return new AgentReply(0, "the node agent hung up before it answered");
        }

        var body = answer[(end + 4)..];
        if (TryReadLength(answer[..end], out var length) && body.Length < length) return new AgentReply(0, "the node agent hung up within its answer");
        return new AgentReply(status, Encoding.UTF8.GetString(body).Trim());
    }

    private static bool TryReadLength(ReadOnlySpan<byte> head, out int length)
    {
        length = 0;
        foreach (var line in Encoding.ASCII.GetString(head).Split("\r\n"))
        {
            const string name = "content-length:";
            if (line.StartsWith(name, StringComparison.OrdinalIgnoreCase)) return int.TryParse(line.AsSpan(name.Length), out length);
        }

        return false;
    }
}
