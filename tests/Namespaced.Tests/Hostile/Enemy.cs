using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mesh.Namespaced.Tests.Harness;

namespace Mesh.Namespaced.Tests.Hostile;

/// <summary>A peer with a good certificate and bad manners: TLS of .NET, frames of its own making, straight at port 15008.</summary>
internal sealed class Enemy : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly SslStream _stream;
    private readonly Task _reading;

    private Enemy(SslStream stream, bool reads)
    {
        _stream = stream;
        _reading = reads ? ReadAsync() : Task.CompletedTask;
    }

    /// <summary>The error code of the GOAWAY that ended it; null before one came.</summary>
    public uint? GoAway { get; private set; }

    public bool IsClosed { get; private set; }

    public long BytesRead { get; private set; }

    /// <summary>Handshake only; with a preface and its settings unless told otherwise.</summary>
    public static async Task<Enemy> ConnectAsync(Site site, X509Certificate2 certificate, byte[] first, bool reads = true, int receiveBuffer = 0)
    {
        var socket = site.Client.Sockets(1)[0];
        if (receiveBuffer > 0) socket.ReceiveBufferSize = receiveBuffer;
        await socket.ConnectAsync(System.Net.IPAddress.Parse(Site.ServerIp), 15008).WaitAsync(Patience);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "",
            EnabledSslProtocols = SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            ClientCertificates = [certificate],
            RemoteCertificateValidationCallback = static (_, server, _, _) => server is not null, // The enemy trusts everybody.
        }).WaitAsync(Patience);
        var enemy = new Enemy(stream, reads);
        if (first.Length > 0) await stream.WriteAsync(first);
        return enemy;
    }

    public static X509Certificate2 CertificateOf(Site site)
    {
        using var svid = site.Issue("enemy");
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(svid.PrivateKey, out _);
        using var leaf = X509CertificateLoader.LoadCertificate(svid.Chain[0].Span);
        return leaf.CopyWithPrivateKey(key);
    }

    /// <summary>Sends these bytes over and over until the other side has enough of it, or the time is over; how many times.</summary>
    public async Task<long> FloodAsync(Func<long, byte[]> next, TimeSpan time)
    {
        var until = DateTime.UtcNow + time;
        long sent = 0;
        try
        {
            while (DateTime.UtcNow < until && !IsClosed)
            {
                await _stream.WriteAsync(next(sent)).AsTask().WaitAsync(Patience);
                sent++;
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            IsClosed = true;
        }

        return sent;
    }

    public async Task SendAsync(byte[] bytes)
    {
        try
        {
            await _stream.WriteAsync(bytes).AsTask().WaitAsync(Patience);
        }
        catch (IOException)
        {
            IsClosed = true;
        }
    }

    public Task<int> ReadSomeAsync(byte[] buffer) => _stream.ReadAsync(buffer).AsTask().WaitAsync(Patience);

    public async Task WaitForEndAsync() => await _reading.WaitAsync(Patience);

    public async ValueTask DisposeAsync() => await _stream.DisposeAsync();

    private async Task ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        var frames = new List<byte>();
        try
        {
            while (await _stream.ReadAsync(buffer) is > 0 and var read)
            {
                BytesRead += read;
                frames.AddRange(buffer.AsSpan(0, read));
                Look(frames);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // A reset is an end, too.
        }

        IsClosed = true;
    }

    private void Look(List<byte> frames)
    {
        var at = 0;
        while (frames.Count - at >= 9)
        {
            var length = (frames[at] << 16) | (frames[at + 1] << 8) | frames[at + 2];
            if (frames.Count - at < 9 + length) break;
            if (frames[at + 3] == 7) GoAway = ((uint)frames[at + 13] << 24) | ((uint)frames[at + 14] << 16) | ((uint)frames[at + 15] << 8) | frames[at + 16];
            at += 9 + length;
        }

        frames.RemoveRange(0, at);
    }
}
