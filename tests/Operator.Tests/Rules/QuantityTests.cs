using Mesh.Operator.Rules;

namespace Mesh.Operator.Tests.Rules;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("500m", 0.5)]
    [InlineData("2", 2)]
    [InlineData("1.5", 1.5)]
    [InlineData("512Mi", 536870912)]
    [InlineData("1Gi", 1073741824)]
    [InlineData("1k", 1000)]
    [InlineData("3M", 3000000)]
    public void Quantities_are_read_as_kubernetes_means_them(string text, double expected)
    {
        Assert.True(Quantity.TryParse(text, out var value));
        Assert.Equal((decimal)expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Mi")]
    [InlineData("-1")]
    [InlineData("1e400")]
    [InlineData("lots")]
    [InlineData("99999999999999999999")]
    public void Other_text_is_not_a_quantity(string text) => Assert.False(Quantity.TryParse(text, out _));

    [Theory]
    [InlineData("24h", 1440)]
    [InlineData("1h30m", 90)]
    [InlineData("90s", 1.5)]
    public void Durations_are_read_as_go_writes_them(string text, double minutes)
    {
        Assert.True(GoDuration.TryParse(text, out var value));
        Assert.Equal(minutes, value.TotalMinutes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1d")]
    [InlineData("30m1h")]
    [InlineData("-1h")]
    [InlineData("9999999h")]
    public void Other_text_is_not_a_duration(string text) => Assert.False(GoDuration.TryParse(text, out _));
}
