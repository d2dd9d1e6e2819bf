namespace Mesh.Http2.Tests;

/// <summary>The same conversation, cut at every place, must mean the same.</summary>
public sealed class FragmentationTests
{
    private static readonly byte[] Conversation = Wire.Join(
        Wire.Preface,
        Wire.Settings((1, 0), (3, 100), (4, 70_000), (5, 20_000)),
        Wire.SettingsAck,
        Wire.Window(0, 1000),
        Wire.Connect(1),
        Wire.Frame(0, 8, 1, 3, 1, 2, 3, 4, 0, 0, 0),
        Wire.Ping(),
        Wire.Frame(1, 0, 3, Wire.Block((":method", "CONNECT"))),
        Wire.Frame(9, 4, 3, Wire.Block((":authority", "b:2"), ("x", "y"))),
        Wire.Data(1, 300),
        Wire.Frame(0x99, 0, 1, 1, 2, 3),
        Wire.Data(3, 5, end: true),
        Wire.Rst(1),
        Wire.GoAway(0));

    [Fact]
    public void Every_cut_in_two_means_the_same()
    {
        var expected = Play([]);
        for (var cut = 1; cut < Conversation.Length; cut++) Assert.Equal(expected, Play([cut]));
    }

    [Fact]
    public void Random_cuts_mean_the_same()
    {
        var expected = Play([]);
        var random = new Random(11);
        for (var run = 0; run < 300; run++)
        {
            Assert.Equal(expected, Play([.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => random.Next(Conversation.Length)).Order()]));
        }
    }

    [Fact]
    public void Every_truncation_leaves_the_connection_waiting()
    {
        for (var length = 0; length < Conversation.Length; length++)
        {
            var server = new End(Http2Role.Server);
            Assert.True(server.Receive(Conversation.AsSpan(0, length)), $"at {length}: {server.Engine.Fault}");
            server.Engine.Release();
        }
    }

    private static string Play(int[] cuts)
    {
        var server = new End(Http2Role.Server);
        var at = 0;
        foreach (var cut in cuts.Append(Conversation.Length))
        {
            Assert.True(server.Receive(Conversation.AsSpan(at, cut - at)), server.Engine.Fault.Text);
            at = cut;
        }

        return string.Join('\n', server.Seen.Lines)
            + '\n' + Convert.ToHexString(server.Seen.DataOf(1)) + '\n' + Convert.ToHexString(server.Seen.DataOf(3))
            + '\n' + Convert.ToHexString(server.TakeOutput());
    }
}
