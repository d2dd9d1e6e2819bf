namespace Mesh.Dns.Tests;

public sealed class DnsWriterTests
{
    [Fact]
    public void What_does_not_fit_is_not_written_and_said()
    {
        var name = Messages.Name("web");
        for (var room = DnsHeader.Size; room < 120; room++)
        {
            var bytes = new byte[room];
            var writer = new DnsWriter(bytes, 1, DnsFlags.Response);
            if (!writer.TryQuestion(name, DnsType.A, DnsQuery.Internet)) continue;
            while (writer.TryAddress(DnsWriter.QuestionName, 30, [10, 0, 0, 1]))
            {
                // Until it is full.
            }

            var length = writer.Finish();
            Assert.InRange(room - length, 0, 15); // Another address takes sixteen.
            Assert.Equal(DnsReplyRead.Complete, DnsReply.TryRead(bytes.AsSpan(0, length), 1, name, DnsType.A, DnsQuery.Internet, out _));
        }
    }

    [Fact]
    public void Reserved_room_is_left_for_the_OPT_record()
    {
        var bytes = new byte[64];
        var writer = new DnsWriter(bytes, 1, DnsFlags.Response);
        writer.ReserveOpt();
        Assert.True(writer.TryQuestion(Messages.Name("web"), DnsType.A, DnsQuery.Internet));
        while (writer.TryAddress(DnsWriter.QuestionName, 30, [10, 0, 0, 1]))
        {
            // Until it is full.
        }

        Assert.True(writer.TryOpt(new DnsEdns(1232, 0, true), DnsResponseCode.BadVersion));
        var message = bytes[..writer.Finish()];
        Assert.True(DnsHeader.TryRead(message, out var header));
        var records = new DnsRecordReader(message, header, DnsHeader.Size + 9);
        var last = default(DnsRecord);
        while (records.TryNext(out var record)) last = record;
        // Class is the payload; of the time the first octet is the code's upper bits, and the highest bit of the third asks for signatures.
        Assert.Equal((DnsType.Opt, (ushort)1232, 0x0100_8000u), (last.Type, last.Class, last.TtlSeconds));
    }

    [Fact]
    public void Writing_and_reading_allocate_nothing()
    {
        var bytes = new byte[512];
        var name = Messages.Name("web.default.svc.cluster.local");
        Round(bytes, name);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) Round(bytes, name);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Round(byte[] bytes, byte[] name)
    {
        var writer = new DnsWriter(bytes, 7, DnsFlags.Response);
        writer.TryQuestion(name, DnsType.A, DnsQuery.Internet);
        writer.TryAddress(DnsWriter.QuestionName, 30, [10, 0, 0, 1]);
        var length = writer.Finish();
        DnsReply.TryRead(bytes.AsSpan(0, length), 7, name, DnsType.A, DnsQuery.Internet, out var reply);
        reply.LifetimeSeconds();
    }
}
