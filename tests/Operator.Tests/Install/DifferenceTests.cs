using System.Text.Json.Nodes;
using Mesh.Operator.Install;

namespace Mesh.Operator.Tests.Install;

public sealed class DifferenceTests
{
    [Theory]
    [InlineData("""{"a":1,"extra":2}""", """{"a":1}""", true)]
    [InlineData("""{"a":2}""", """{"a":1}""", false)]
    [InlineData("""{}""", """{"a":1}""", false)]
    [InlineData("""{"a":[{"n":1,"d":0}]}""", """{"a":[{"n":1}]}""", true)]
    [InlineData("""{"a":[{"n":1},{"n":2}]}""", """{"a":[{"n":1}]}""", false)]
    [InlineData("""{"a":[2,1]}""", """{"a":[1,2]}""", false)]
    [InlineData("""{}""", """{"a":{},"b":[],"c":""}""", true)]
    [InlineData("""{}""", """{"a":0}""", false)]
    [InlineData("""{"a":"1"}""", """{"a":1}""", false)]
    public void What_we_name_has_to_be_there_and_what_the_server_adds_does_not_count(string live, string wanted, bool contained) =>
        Assert.Equal(contained, Difference.Contains(JsonNode.Parse(live), JsonNode.Parse(wanted)));

    [Fact]
    public void Two_states_are_equal_but_for_what_every_write_changes()
    {
        var one = JsonNode.Parse("""{"metadata":{"name":"a","resourceVersion":"1","managedFields":[1]},"spec":{"x":1},"status":{"y":1}}""")!.AsObject();
        var other = JsonNode.Parse("""{"metadata":{"name":"a","resourceVersion":"2","generation":5},"spec":{"x":1}}""")!.AsObject();
        Assert.True(Difference.SameButForTheServer(one, other));
        other["spec"]!["x"] = 2;
        Assert.False(Difference.SameButForTheServer(one, other));
    }
}
