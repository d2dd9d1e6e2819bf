using System.Buffers.Binary;
using System.Collections.Immutable;
using Mesh.Dns;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Mesh.Ztunnel.Dns;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Ztunnel.Tests.Dns;

public sealed class DnsForwarderTests : IAsyncDisposable
{
    private static readonly byte[] Address = [192, 0, 2, 1];
    private readonly EventLoop _loop = EventLoop.Start(new EventLoopOptions { Name = "dns-test", OnFault = static (where, fault) => Assert.Fail($"{where}: {fault}") });
    private readonly List<IDisposable> _open = [];

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        foreach (var one in _open) one.Dispose();
    }

    private NameServer Server(Func<byte[], bool, IEnumerable<byte[]>> answer)
    {
        var server = new NameServer(answer);
        _open.Add(server);
        return server;
    }

    private NameServer Good() => Server(static (question, _) => [Messages.Reply(question, addresses: Address)]);

    private static InetEndpoint Closed()
    {
        using var server = new NameServer(static (_, _) => []);
        return server.Address;
    }

    private Task<DnsForwarder> ForwarderAsync(params InetEndpoint[] servers) => _loop.InvokeAsync(
        () => Task.FromResult(new DnsForwarder(_loop, [.. servers], new SocketOptions(), null, NullLogger.Instance)));

    private Task<byte[]?> AskAsync(DnsForwarder forwarder, string name, DnsEdns? edns = null) => _loop.InvokeAsync(() =>
    {
        var waiter = new Waiter();
        forwarder.Ask(new DnsAsk(Messages.Name(name), DnsType.A, DnsQuery.Internet, DnsFlags.RecursionDesired, edns, default), waiter);
        return waiter.Answer;
    });

    private Task<bool> IsCachedAsync(DnsForwarder forwarder, string name) => _loop.InvokeAsync(
        () => Task.FromResult(forwarder.TryFindCached(new DnsAsk(Messages.Name(name), DnsType.A, DnsQuery.Internet, DnsFlags.RecursionDesired, null, default), out _, out _)));

    private static string[] AddressesOf(byte[]? reply) => [.. Messages.Read(Assert.IsType<byte[]>(reply)).Records.Where(r => r.Type == DnsType.A).Select(r => r.Data)];

    [Fact]
    public async Task A_question_reaches_the_name_server_and_its_answer_is_remembered()
    {
        var server = Good();
        var forwarder = await ForwarderAsync(server.Address);
        Assert.Equal(["192.0.2.1"], AddressesOf(await AskAsync(forwarder, "www.example.com")));
        Assert.True(await IsCachedAsync(forwarder, "WWW.example.com"));
        Assert.False(await IsCachedAsync(forwarder, "example.com"));
        Assert.Single(server.Heard);
        Assert.Equal(0, forwarder.InFlight);
    }

    [Fact]
    public async Task Ids_and_ports_differ_from_question_to_question()
    {
        var server = Good();
        var forwarder = await ForwarderAsync(server.Address);
        for (var i = 0; i < 16; i++) await AskAsync(forwarder, $"n{i}.example.com");
        var heard = server.Heard.ToArray();
        Assert.InRange(heard.Select(h => BinaryPrimitives.ReadUInt16BigEndian(h.Question)).Distinct().Count(), 14, 16);
        Assert.InRange(heard.Select(h => h.From.Port).Distinct().Count(), 12, 16);
    }

    [Fact]
    public async Task EDNS_goes_along_with_our_own_size_only_when_the_client_spoke_it()
    {
        var server = Good();
        var forwarder = await ForwarderAsync(server.Address);
        await AskAsync(forwarder, "a.example.com");
        await AskAsync(forwarder, "a.example.com", new DnsEdns(65000, 0, WantsSignatures: true)); // Another question: it was asked otherwise.
        var heard = server.Heard.Select(h => Assert.IsType<byte[]>(h.Question)).ToArray();
        Assert.Equal(2, heard.Length);
        DnsQuery.TryRead(heard[0], out var plain);
        Assert.Null(plain.Edns);
        DnsQuery.TryRead(heard[1], out var extended);
        Assert.Equal(new DnsEdns(1232, 0, true), extended.Edns);
    }

    [Fact]
    public async Task Equal_questions_in_flight_share_one_answer()
    {
        using var hold = new ManualResetEventSlim();
        var server = Server((question, _) =>
        {
            hold.Wait(TimeSpan.FromSeconds(5));
            return [Messages.Reply(question, addresses: Address)];
        });
        var forwarder = await ForwarderAsync(server.Address);
        var first = AskAsync(forwarder, "www.example.com");
        var second = AskAsync(forwarder, "www.EXAMPLE.com");
        await AskNothingAsync();
        hold.Set();
        Assert.Equal(AddressesOf(await first), AddressesOf(await second));
        Assert.Single(server.Heard);
    }

    [Fact]
    public async Task A_silent_server_is_followed_by_the_next()
    {
        var silent = Server(static (_, _) => []);
        var good = Good();
        var forwarder = await ForwarderAsync(silent.Address, good.Address);
        Assert.Equal(["192.0.2.1"], AddressesOf(await AskAsync(forwarder, "www.example.com")));
        Assert.Single(silent.Heard);
        Assert.Single(good.Heard);
    }

    [Fact]
    public async Task A_late_answer_counts_although_another_server_was_asked_meanwhile()
    {
        var late = Server(static (question, _) =>
        {
            Thread.Sleep(DnsForwarder.AttemptTimeout + TimeSpan.FromMilliseconds(300));
            return [Messages.Reply(question, addresses: Address)];
        });
        var silent = Server(static (_, _) => []);
        var forwarder = await ForwarderAsync(late.Address, silent.Address);
        Assert.Equal(["192.0.2.1"], AddressesOf(await AskAsync(forwarder, "www.example.com")));
        Assert.Single(late.Heard);
    }

    [Fact]
    public async Task A_host_where_nobody_listens_costs_no_time()
    {
        var good = Good();
        var forwarder = await ForwarderAsync(Closed(), good.Address);
        var began = TimeProvider.System.GetTimestamp();
        Assert.Equal(["192.0.2.1"], AddressesOf(await AskAsync(forwarder, "www.example.com")));
        Assert.True(TimeProvider.System.GetElapsedTime(began) < DnsForwarder.AttemptTimeout);
    }

    [Theory]
    [InlineData(DnsResponseCode.ServerFailure)]
    [InlineData(DnsResponseCode.Refused)]
    public async Task A_server_that_cannot_is_followed_by_the_next(DnsResponseCode code)
    {
        var bad = Server((question, _) => [Messages.Reply(question, code)]);
        var good = Good();
        var forwarder = await ForwarderAsync(bad.Address, good.Address);
        Assert.Equal(["192.0.2.1"], AddressesOf(await AskAsync(forwarder, "www.example.com")));
    }

    [Fact]
    public async Task What_the_only_server_says_is_passed_on_whatever_it_is()
    {
        var bad = Server(static (question, _) => [Messages.Reply(question, DnsResponseCode.Refused)]);
        var forwarder = await ForwarderAsync(bad.Address);
        Assert.Equal(DnsResponseCode.Refused, Messages.Read(Assert.IsType<byte[]>(await AskAsync(forwarder, "www.example.com"))).Header.ResponseCode);
        Assert.False(await IsCachedAsync(forwarder, "www.example.com"));
    }

    [Fact]
    public async Task No_such_name_is_passed_on_and_remembered_as_the_zone_says()
    {
        var server = Server(static (question, _) =>
        {
            var reply = Messages.Reply(question, DnsResponseCode.NameError);
            reply[9] = 1;
            return [[.. reply, 0, 0, 6, 0, 1, 0, 0, 0x02, 0x58, 0, 22, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 30]];
        });
        var forwarder = await ForwarderAsync(server.Address);
        Assert.Equal(DnsResponseCode.NameError, Messages.Read(Assert.IsType<byte[]>(await AskAsync(forwarder, "no.example.com"))).Header.ResponseCode);
        Assert.True(await IsCachedAsync(forwarder, "no.example.com"));
    }

    [Fact]
    public async Task Nobody_answers_ends_in_failure_before_a_client_gives_up()
    {
        var forwarder = await ForwarderAsync(Server(static (_, _) => []).Address);
        var began = TimeProvider.System.GetTimestamp();
        Assert.Null(await AskAsync(forwarder, "www.example.com"));
        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(5), "clients wait five seconds");
        Assert.Equal(0, forwarder.InFlight);
    }

    [Fact]
    public async Task Without_a_name_server_there_is_no_answer() => Assert.Null(await AskAsync(await ForwarderAsync(), "www.example.com"));

    [Fact]
    public async Task Answers_with_a_wrong_id_or_question_are_passed_over()
    {
        var server = Server(static (question, _) =>
        {
            var guessed = Messages.Reply(question, addresses: [6, 6, 6, 6]);
            guessed[0] ^= 1;
            var other = Messages.Reply(Messages.Query("other.example.com", id: BinaryPrimitives.ReadUInt16BigEndian(question)), addresses: [6, 6, 6, 6]);
            return [guessed, other, question, Messages.Reply(question, addresses: Address)];
        });
        var forwarder = await ForwarderAsync(server.Address);
        Assert.Equal(["192.0.2.1"], AddressesOf(await AskAsync(forwarder, "www.example.com")));
    }

    [Fact]
    public async Task Guessing_on_and_on_ends_the_attempt()
    {
        var server = Server(static (question, _) => Enumerable.Range(1, 100).Select(i =>
        {
            var guessed = Messages.Reply(question, addresses: [6, 6, 6, 6]);
            guessed[1] += (byte)i;
            return guessed;
        }));
        var forwarder = await ForwarderAsync(server.Address);
        Assert.Null(await AskAsync(forwarder, "www.example.com"));
        Assert.InRange(server.Heard.Count, 1, 3);
    }

    [Fact]
    public async Task Answers_from_elsewhere_never_arrive()
    {
        using var elsewhere = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Udp);
        NameServer? heard = null;
        var server = Server((question, _) =>
        {
            Shell(() => heard!.Heard.TryPeek(out var last) && last.Question.Length > 0);
            heard!.Heard.TryPeek(out var from);
            elsewhere.SendTo(Messages.Reply(question, addresses: [6, 6, 6, 6]), from.From);
            Thread.Sleep(200);
            return [Messages.Reply(question, addresses: Address)];
        });
        heard = server;
        var forwarder = await ForwarderAsync(server.Address);
        Assert.Equal(["192.0.2.1"], AddressesOf(await AskAsync(forwarder, "www.example.com")));
    }

    [Fact]
    public async Task A_cut_answer_is_asked_for_again_over_TCP()
    {
        var server = Server(static (question, isTcp) =>
            [isTcp ? Messages.Reply(question, addresses: [.. Enumerable.Range(0, 200).Select(i => new byte[] { 10, 0, 0, (byte)i })]) : Messages.Reply(question, more: DnsFlags.Truncated)]);
        var forwarder = await ForwarderAsync(server.Address);
        Assert.Equal(200, AddressesOf(await AskAsync(forwarder, "big.example.com")).Length);
        Assert.Equal([false, true], server.Heard.Select(h => h.IsTcp));
    }

    [Fact]
    public async Task A_cut_answer_is_better_than_none_when_TCP_does_not_work()
    {
        var server = Server(static (question, isTcp) => isTcp ? [] : [Messages.Reply(question, more: DnsFlags.Truncated, addresses: Address)]);
        var forwarder = await ForwarderAsync(server.Address);
        Assert.True(Messages.Read(Assert.IsType<byte[]>(await AskAsync(forwarder, "big.example.com"))).Header.IsTruncated);
    }

    [Fact]
    public async Task Questions_in_flight_are_bounded()
    {
        var forwarder = await ForwarderAsync(Server(static (_, _) => []).Address);
        var open = new List<Task<byte[]?>>();
        for (var i = 0; i < DnsForwarder.InFlightMax; i++) open.Add(AskAsync(forwarder, $"n{i}.example.com"));
        var began = TimeProvider.System.GetTimestamp();
        Assert.Null(await AskAsync(forwarder, "one.too.many"));
        Assert.True(TimeProvider.System.GetElapsedTime(began) < DnsForwarder.AttemptTimeout);
        await _loop.InvokeAsync(() =>
        {
            forwarder.Dispose();
            return Task.CompletedTask;
        });
        Assert.All(await Task.WhenAll(open), Assert.Null);
        Assert.Equal(0, forwarder.InFlight);
    }

    [Fact]
    public async Task Addresses_of_a_name_come_through_an_alias_and_from_memory()
    {
        var server = Server(static (question, _) =>
        {
            DnsQuery.TryRead(question, out var query);
            var bytes = new byte[512];
            var writer = new DnsWriter(bytes, query.Header.Id, DnsFlags.Response);
            writer.TryQuestion(query.Name, query.Type, query.Class);
            writer.TryAlias(DnsWriter.QuestionName, 60, Messages.Name("edge.example.com"), out var place);
            writer.TryAddress(place, 60, Address);
            return [bytes[..writer.Finish()]];
        });
        var forwarder = await ForwarderAsync(server.Address);
        for (var i = 0; i < 2; i++)
        {
            var found = await _loop.InvokeAsync(() => DnsLookup.AskAsync(forwarder, "www.example.com", wantsV4: true, default).AsTask());
            Assert.Equal(["192.0.2.1"], found.Select(ip => ip.ToString()));
        }

        Assert.Single(server.Heard);
        Assert.Empty(await _loop.InvokeAsync(() => DnsLookup.AskAsync(forwarder, "not a name", wantsV4: true, default).AsTask()));
    }

    private Task AskNothingAsync() => _loop.InvokeAsync(static () => Task.CompletedTask);

    private static void Shell(Func<bool> holds) => Namespaced.Shell.WaitFor("the question", holds);

    private sealed class Waiter : IDnsWaiter
    {
        private readonly TaskCompletionSource<byte[]?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<byte[]?> Answer => _answer.Task;

        public void OnReply(ReadOnlySpan<byte> reply) => _answer.SetResult(reply.ToArray());

        public void OnFailure() => _answer.SetResult(null);
    }
}
