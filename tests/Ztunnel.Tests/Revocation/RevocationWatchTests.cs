using System.Numerics;
using System.Text;
using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;
using Mesh.Hbone;
using Mesh.Identity;
using Mesh.Ztunnel.Revocation;

namespace Mesh.Ztunnel.Tests.Revocation;

public sealed class RevocationWatchTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly string _folder = Directory.CreateTempSubdirectory("mesh-crl-").FullName;
    private readonly MemoryStream _lines = new();
    private readonly Log _log;
    private readonly Metrics _metrics = new();
    private readonly CertificateIssuer _issuer =
        CertificateIssuer.CreateSelfSigned("test", IssuerKeyKind.Ec256, TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(3));

    public RevocationWatchTests() => _log = new Log(_lines, LogFormat.Plain, LogFilter.Information, TimeProvider.System);

    private string ListFile => Path.Combine(_folder, "ca-crl.pem");

    public void Dispose()
    {
        _log.Dispose();
        _issuer.Dispose();
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_swapped_volume_is_seen_and_read()
    {
        TestLists.Swap(_folder, "ca-crl.pem", Lists(1));
        await using var running = new Running(this);
        Assert.Null(running.Problem);
        Assert.Equal(1, running.View.Current.Lists.Entries);
        TestLists.Swap(_folder, "ca-crl.pem", Lists(1, 2));
        Assert.Equal(2, (await running.NextAsync()).Lists.Entries);
        Assert.Equal(2, running.View.Current.Lists.Entries);
        TestLists.Swap(_folder, "ca-crl.pem", Lists(1, 2, 3));
        Assert.Equal(3, (await running.NextAsync()).Lists.Entries);
    }

    [Fact]
    public async Task A_broken_change_keeps_the_last_good_lists_and_says_so()
    {
        File.WriteAllText(ListFile, Lists(1));
        await using (var running = new Running(this))
        {
            var good = running.View.Current;
            File.WriteAllText(ListFile, Lists(1, 2)[..200]);
            await running.WaitForLoadsAsync("failed", 1);
            Assert.Same(good, running.View.Current);
            File.Delete(ListFile);
            await running.WaitForLoadsAsync("failed", 2);
            Assert.Same(good, running.View.Current);
            File.WriteAllText(ListFile, Lists(1, 2));
            Assert.Equal(2, (await running.NextAsync()).Lists.Entries);
        }

        var text = LoggedText();
        Assert.Contains("is not usable: a revocation list is damaged. The last good lists stay in use: 1 lists, 1 revoked certificates", text);
    }

    [Fact]
    public async Task Lists_that_come_later_are_taken_also_when_their_folder_comes_later()
    {
        Directory.Delete(_folder);
        await using var running = new Running(this, look: TimeSpan.FromMilliseconds(300));
        Assert.NotNull(running.Problem);
        Assert.True(running.View.Current.Lists.IsEmpty);
        Directory.CreateDirectory(_folder);
        File.WriteAllText(ListFile, Lists(7));
        Assert.Equal(1, (await running.NextAsync()).Lists.Entries);
    }

    [Fact]
    public void An_expired_list_is_used_warned_of_and_counted()
    {
        File.WriteAllText(ListFile, TestLists.Pem(_issuer, TimeProvider.System.GetUtcNow().AddHours(-1), 5));
        var view = new RevocationView();
        var watch = new RevocationWatch(ListFile, view, _metrics, _log.Scope("revocation"), TimeProvider.System);
        Assert.Null(watch.Load());
        Assert.Equal(1, view.Current.Lists.Entries);
        Assert.Contains("the revocation list of O=test expired at", LoggedText());
        Assert.Contains("mesh_crl_expired_lists 1\n", Exposed());
        Assert.Contains("mesh_crl_entries 1\n", Exposed());
    }

    [Fact]
    public async Task The_same_lists_written_again_change_nothing()
    {
        File.WriteAllText(ListFile, Lists(1));
        await using var running = new Running(this);
        var good = running.View.Current;
        File.WriteAllText(ListFile, File.ReadAllText(ListFile));
        await running.WaitForLoadsAsync("unchanged", 1);
        Assert.Same(good, running.View.Current);
    }

    private string Lists(params BigInteger[] serials) => TestLists.Pem(_issuer, TimeProvider.System.GetUtcNow().AddDays(1), serials);

    private string LoggedText()
    {
        _log.Dispose(); // Writes what is queued.
        return Encoding.UTF8.GetString(_lines.ToArray());
    }

    private string Exposed()
    {
        var text = Exposition.For(null);
        _metrics.WriteTo(text);
        return Encoding.UTF8.GetString(text.Finish());
    }

    /// <summary>A watch over the test's file, and what it applies.</summary>
    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly System.Threading.Channels.Channel<RevocationCheck> _applied = System.Threading.Channels.Channel.CreateUnbounded<RevocationCheck>();
        private readonly RevocationWatchTests _test;
        private readonly Task _run;

        public Running(RevocationWatchTests test, TimeSpan? look = null)
        {
            _test = test;
            var watch = new RevocationWatch(test.ListFile, View, test._metrics, test._log.Scope("revocation"), TimeProvider.System, look);
            Problem = watch.Load();
            _run = watch.RunAsync(check => _applied.Writer.WriteAsync(check).AsTask(), _stop.Token);
        }

        public RevocationView View { get; } = new();

        public string? Problem { get; }

        public async Task<RevocationCheck> NextAsync() =>
            await _applied.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);

        public async Task WaitForLoadsAsync(string result, int count)
        {
            var started = System.Diagnostics.Stopwatch.StartNew();
            while (!_test.Exposed().Contains($"mesh_crl_loads_total{{result=\"{result}\"}} {count}\n", StringComparison.Ordinal))
            {
                Assert.True(started.Elapsed < Patience, _test.Exposed());
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _run;
            _stop.Dispose();
        }
    }
}
