using System.Text;
using Mesh.Ztunnel.Yaml;

namespace Mesh.Ztunnel.Tests.Yaml;

public sealed class YamlReaderTests
{
    /// <summary>Events as one line: {} [] and scalars, with tags.</summary>
    private static string Events(string yaml)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(yaml));
        var reader = new YamlReader(stream);
        var text = new StringBuilder();
        while (true)
        {
            switch (reader.Read())
            {
                case YamlEvent.End: return text.ToString().TrimEnd();
                case YamlEvent.MappingStart: text.Append("{ "); break;
                case YamlEvent.MappingEnd: text.Append("} "); break;
                case YamlEvent.SequenceStart: text.Append("[ "); break;
                case YamlEvent.SequenceEnd: text.Append("] "); break;
                case YamlEvent.Scalar:
                    if (reader.Tag.Length > 0) text.Append('!').Append(reader.Tag).Append('|');
                    text.Append(reader.IsNull ? "~" : reader.Text).Append(' ');
                    break;
            }
        }
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("a: 1", "{ a 1 }")]
    [InlineData("a: 1\nb: x y # comment\n", "{ a 1 b x y }")]
    [InlineData("a:\n  b: 1\n  c: 2\nd: 3", "{ a { b 1 c 2 } d 3 }")]
    [InlineData("- 1\n- 2", "[ 1 2 ]")]
    [InlineData("a:\n- 1\n- 2\nb: 3", "{ a [ 1 2 ] b 3 }")]
    [InlineData("a:\n  - x: 1\n    y: 2\n  - x: 3\n", "{ a [ { x 1 y 2 } { x 3 } ] }")]
    [InlineData("- - 1\n  - 2\n- 3", "[ [ 1 2 ] 3 ]")]
    [InlineData("a:\nb:", "{ a ~ b ~ }")]
    [InlineData("a: {}\nb: []", "{ a { } b [ ] }")]
    [InlineData("a: {b: 1, c: [x, \"y z\", 'it''s']}", "{ a { b 1 c [ x y z it's ] } }")]
    [InlineData("{\"a\": {\"b\": \"c\\n\\u0041\"}, \"d\": [1, true, null]}", "{ a { b c\nA } d [ 1 true ~ ] }")]
    [InlineData("[[[{p: [!Exact x, !Presence], n: [1]}]]]", "[ [ [ { p [ !Exact|x !Presence|~ ] n [ 1 ] } ] ] ]")]
    [InlineData("p:\n  - !Exact cluster.local/ns/a\n  - !Presence\n", "{ p [ !Exact|cluster.local/ns/a !Presence|~ ] }")]
    [InlineData("- {uid: cluster1//v1/Pod/shop/web, ips: [\"127.0.0.1\"],\n   w: {d: \"/127.0.0.9\", p: 15008}}\n", "[ { uid cluster1//v1/Pod/shop/web ips [ 127.0.0.1 ] w { d /127.0.0.9 p 15008 } } ]")]
    [InlineData("a: http://x:1/y#z", "{ a http://x:1/y#z }")]
    [InlineData("---\na: ''", "{ a  }")]
    [InlineData("\"a b\": 1\n80: 81", "{ a b 1 80 81 }")]
    [InlineData("a:\r\n  b: 1\r\n", "{ a { b 1 } }")]
    [InlineData("a: fd00::1", "{ a fd00::1 }")]
    public void Text_becomes_events(string yaml, string expected) => Assert.Equal(expected, Events(yaml));

    [Theory]
    [InlineData("a: b: c")]
    [InlineData("a: &x 1")]
    [InlineData("a: |\n  text")]
    [InlineData("a: [1, 2")]
    [InlineData("a: [1 2}")]
    [InlineData("a: \"open")]
    [InlineData("a: 1\n   b: 2")]
    [InlineData("a: 1\nb")]
    [InlineData("\ta: 1")]
    [InlineData("a: 1\n---\nb: 2")]
    [InlineData("a: [,]")]
    [InlineData("a: \"\\q\"")]
    public void What_is_not_read_is_refused_with_its_line(string yaml) =>
        Assert.True(Assert.Throws<YamlException>(() => Events(yaml)).Line >= 1);

    [Fact]
    public void Any_cut_of_a_good_text_ends_in_events_or_in_a_refusal()
    {
        const string Good = "workloads:\n- {uid: a, ips: [\"1.2.3.4\"], s: {\"x/y\": {80: 81}}}\n- name: 'b''c'\n  t: !Tag [x]\n";
        for (var i = 0; i < Good.Length; i++)
        {
            try
            {
                Events(Good[..i]);
            }
            catch (YamlException)
            {
                // A refusal is as good as events.
            }
        }
    }

    [Fact]
    public void Random_bytes_end_in_events_or_in_a_refusal()
    {
        var random = new Random(11);
        const string Alphabet = "ab:-[]{},\"' \n#!\\&|~0";
        for (var round = 0; round < 20_000; round++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(40)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            try
            {
                Events(text);
            }
            catch (YamlException)
            {
                // As above.
            }
        }
    }
}
