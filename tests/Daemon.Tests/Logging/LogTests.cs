using System.Net;
using System.Text;
using System.Text.Json;
using Mesh.Daemon.Logging;
using Microsoft.Extensions.Logging;

namespace Mesh.Daemon.Tests.Logging;

public sealed class LogTests
{
    private sealed class Noon : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 9, 1, 8, 0, 0, 123, 456, TimeSpan.Zero);
    }

    private static string Written(LogFormat format, Action<Log> write, string filter = "info")
    {
        using var output = new MemoryStream();
        Assert.True(LogFilter.TryParse(filter, out var parsed, out _));
        var log = new Log(output, format, parsed, new Noon());
        write(log);
        log.Dispose();
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static void WriteAccess(Log log)
    {
        var line = log.Scope("access").Begin(LogLevel.Information, "connection complete");
        line.Address("src.addr", IPAddress.Parse("10.1.0.7"), 40112);
        line.Text("src.workload", "cart-5f9c-x2");
        line.Address("dst.addr", IPAddress.Parse("fd00::9"), 15008);
        line.Text("dst.service", (string?)null);
        line.Number("bytes_sent", 512);
        line.Text("duration", "31ms");
        line.End();
    }

    [Fact]
    public void The_plain_format_is_the_one_upstream_writes() => Assert.Equal(
        "2026-09-01T08:00:00.123456Z\tinfo\taccess\tconnection complete\tsrc.addr=10.1.0.7:40112 src.workload=\"cart-5f9c-x2\" "
        + "dst.addr=[fd00::9]:15008 bytes_sent=512 duration=\"31ms\"\n",
        Written(LogFormat.Plain, WriteAccess));

    [Fact]
    public void The_json_format_is_one_object_per_line() => Assert.Equal(
        """{"level":"info","time":"2026-09-01T08:00:00.123456Z","scope":"access","message":"connection complete","src.addr":"10.1.0.7:40112","src.workload":"cart-5f9c-x2","dst.addr":"[fd00::9]:15008","bytes_sent":512,"duration":"31ms"}"""
        + "\n",
        Written(LogFormat.Json, WriteAccess));

    [Fact]
    public void A_template_is_rendered_in_the_message_and_json_keeps_its_fields()
    {
        void Write(Log log) => log.CreateLogger("pods").LogWarning("pod {Pod} has {Count} faults", "a/b", 3);

        Assert.EndsWith("\twarn\tpods\tpod a/b has 3 faults\n", Written(LogFormat.Plain, Write), StringComparison.Ordinal);
        var json = JsonDocument.Parse(Written(LogFormat.Json, Write)).RootElement;
        Assert.Equal("a/b", json.GetProperty("Pod").GetString());
        Assert.Equal(3, json.GetProperty("Count").GetInt32());
    }

    [Theory]
    [InlineData(LogFormat.Plain)]
    [InlineData(LogFormat.Json)]
    public void A_hostile_value_can_neither_forge_a_line_nor_a_field(LogFormat format)
    {
        var text = Written(format, log =>
        {
            var line = log.Scope("access").Begin(LogLevel.Information, "x\ny");
            line.Text("host", "a\" error=\"b\n2026\tinfo\u001b[0m\u007f\\");
            line.Bare("raw", "b\r\nc".AsSpan());
            line.End();
        });

        Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain("\u001b", text, StringComparison.Ordinal);
        Assert.Contains("a\\\" error=\\\"b\\n2026\\tinfo\\u001b[0m\\u007f\\\\", text, StringComparison.Ordinal);
        if (format == LogFormat.Json) Assert.Equal("b\r\nc", JsonDocument.Parse(text).RootElement.GetProperty("raw").GetString());
    }

    [Theory]
    [InlineData(LogFormat.Plain, 1)]
    [InlineData(LogFormat.Json, 1)]
    [InlineData(LogFormat.Plain, 3)]
    [InlineData(LogFormat.Json, 3)]
    public void A_line_never_outgrows_its_maximum_and_keeps_its_shape(LogFormat format, int bytesPerCharacter)
    {
        var huge = new string(bytesPerCharacter == 1 ? 'x' : '語', LogLine.MaxBytes);
        foreach (var length in new[] { 100, 8_000, 10_800, 10_900, 32_000, 32_500, 32_700, 32_768 })
        {
            var text = Written(format, log =>
            {
                var line = log.Scope("s").Begin(LogLevel.Error, huge.AsSpan(0, length));
                line.Text("a", huge);
                line.Text("b", "\n\n\n" + huge[..(length / 7)]);
                line.Number("n", 1);
                line.End();
            });
            Assert.True(Encoding.UTF8.GetByteCount(text) <= LogLine.MaxBytes);
            Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.EndsWith("\n", text, StringComparison.Ordinal);
            if (format == LogFormat.Json) Assert.Equal("s", JsonDocument.Parse(text).RootElement.GetProperty("scope").GetString());
        }
    }

    /// <summary>Counts what would be system calls, and is full for the first ones.</summary>
    private sealed class CountingStream(int failures = 0) : MemoryStream
    {
        public int Writes { get; private set; }

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (++Writes <= failures) throw new IOException("no space left on device");
            base.Write(buffer, offset, count);
        }
    }

    [Fact]
    public void Many_lines_of_many_threads_are_all_written_and_in_few_writes()
    {
        const int Threads = 4, Lines = 2_000;
        using var output = new CountingStream();
        using (var log = new Log(output, LogFormat.Plain, LogFilter.Information, TimeProvider.System))
        {
            var writers = Enumerable.Range(0, Threads).Select(n => new Thread(() =>
            {
                for (var i = 0; i < Lines; i++) log.Scope("busy").LogInformation("line {Thread}-{Line}", n, i);
            })).ToList();
            foreach (var writer in writers) writer.Start();
            foreach (var writer in writers) writer.Join();
            Assert.Equal(0, log.Dropped);
        }

        var lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Threads * Lines, lines.Distinct().Count(static line => line.Contains("line ", StringComparison.Ordinal)));
        Assert.InRange(output.Writes, 1, Threads * Lines / 10);
    }

    [Fact]
    public void A_line_that_comes_alone_is_written_soon()
    {
        using var output = new CountingStream();
        using var log = new Log(output, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        for (var i = 1; i <= 20; i++)
        {
            log.Scope("calm").LogInformation("alone");
            Assert.True(SpinWait.SpinUntil(() => output.Writes == i, TimeSpan.FromSeconds(10)));
        }
    }

    [Fact]
    public void Lines_lost_to_a_full_disk_are_counted_and_told_of_when_it_has_room_again_and_nobody_spins_meanwhile()
    {
        const int Failures = 5;
        using var output = new CountingStream(Failures);
        using (var log = new Log(output, LogFormat.Plain, LogFilter.Information, TimeProvider.System))
        {
            for (var i = 1; i <= Failures; i++)
            {
                log.Scope("full").LogInformation("lost");
                Assert.True(SpinWait.SpinUntil(() => log.Dropped == i, TimeSpan.FromSeconds(10)));
                Assert.Equal(i, output.Writes);
            }

            log.Scope("full").LogInformation("kept");
        }

        var text = Encoding.UTF8.GetString(output.ToArray());
        Assert.DoesNotContain("\tlost", text, StringComparison.Ordinal);
        Assert.Contains("\tkept\n", text, StringComparison.Ordinal);
        Assert.Contains("count=5", text, StringComparison.Ordinal);
        Assert.Equal(Failures + 2, output.Writes);
    }

    [Fact]
    public void The_filter_holds_per_scope_and_changes_at_run_time()
    {
        var text = Written(LogFormat.Plain, log =>
        {
            var (access, other) = (log.CreateLogger("access"), log.CreateLogger("other"));
            access.LogInformation("one");
            other.LogInformation("two");
            Assert.True(LogFilter.TryParse("off,access=debug", out var filter, out _));
            log.Filter = filter;
            access.LogDebug("three");
            other.LogError("four");
            log.CreateLogger("late").LogError("five");
        }, "info,access=warn");

        Assert.DoesNotContain("one", text, StringComparison.Ordinal);
        Assert.Contains("two", text, StringComparison.Ordinal);
        Assert.Contains("three", text, StringComparison.Ordinal);
        Assert.DoesNotContain("four", text, StringComparison.Ordinal);
        Assert.DoesNotContain("five", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("info", "a.b", LogLevel.Information)]
    [InlineData("warn,a=debug", "a.b", LogLevel.Debug)]
    [InlineData("warn,a=debug,a.b=error", "a.b", LogLevel.Error)]
    [InlineData("warn,a=debug", "ab", LogLevel.Warning)]
    [InlineData("ztunnel::proxy=trace", "ztunnel.proxy", LogLevel.Trace)]
    [InlineData("off", "a", LogLevel.None)]
    public void The_longest_prefix_decides(string filter, string scope, LogLevel expected)
    {
        Assert.True(LogFilter.TryParse(filter, out var parsed, out _));
        Assert.Equal(expected, parsed.MinimumFor(scope));
    }

    [Fact]
    public void A_filter_that_cannot_be_read_says_why()
    {
        Assert.False(LogFilter.TryParse("info,access=loud", out _, out var problem));
        Assert.Equal("'loud' is not a log level; use trace, debug, info, warn, error or off", problem);
        Assert.False(LogFilter.TryParse(string.Join(',', Enumerable.Repeat("a=info", 65)), out _, out _));
    }

    [Fact]
    public void A_blocked_output_costs_lines_which_are_counted_and_reported_but_never_time()
    {
        using var gate = new ManualResetEventSlim();
        using var output = new Gated(gate);
        var log = new Log(output, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        var logger = log.CreateLogger("x");

        for (var at = 0; at < 2 * Log.MaxQueuedLines; at++) logger.LogInformation("line");
        Assert.True(log.Dropped > 0);
        var dropped = log.Dropped;
        gate.Set();
        Assert.True(SpinWait.SpinUntil(() => output.Text.Contains("log lines were dropped", StringComparison.Ordinal), 5000));
        log.Dispose();

        var lines = output.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2 * Log.MaxQueuedLines, lines.Count(line => line.EndsWith("\tline", StringComparison.Ordinal)) + dropped);
        Assert.Contains(lines, line => line.EndsWith($"count={dropped}", StringComparison.Ordinal));
    }

    [Fact]
    public void A_line_that_is_filtered_out_allocates_nothing()
    {
        var log = new Log(Stream.Null, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        var access = log.Scope("access");
        void Write()
        {
            var line = access.Begin(LogLevel.Debug, "connection opened");
            line.Text("src.workload", "cart");
            line.Number("bytes_sent", 512);
            line.End();
        }
        Write();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var at = 0; at < 1000; at++) Write();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        log.Dispose();
    }

    private sealed class Gated(ManualResetEventSlim gate) : Stream
    {
        private readonly StringBuilder _text = new();

        public string Text
        {
            get { lock (_text) return _text.ToString(); }
        }

        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => 0;
        public override long Position { get; set; }
        public override void Flush() { }
        public override int Read(byte[] buffer, int offset, int count) => 0;
        public override long Seek(long offset, SeekOrigin origin) => 0;
        public override void SetLength(long value) { }

        public override void Write(byte[] buffer, int offset, int count)
        {
            gate.Wait();
            lock (_text) _text.Append(Encoding.UTF8.GetString(buffer, offset, count));
        }
    }
}
