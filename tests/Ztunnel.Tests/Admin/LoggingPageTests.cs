using System.Text;
using Mesh.Daemon.Admin;
using Mesh.Daemon.Logging;
using Mesh.Ztunnel.Admin;

namespace Mesh.Ztunnel.Tests.Admin;

public sealed class LoggingPageTests : IDisposable
{
    private readonly Log _log;

    public LoggingPageTests()
    {
        Assert.True(LogFilter.TryParse("info,access=warn", out var filter, out _));
        _log = new Log(new MemoryStream(), LogFormat.Plain, filter, TimeProvider.System);
    }

    public void Dispose() => _log.Dispose();

    [Theory]
    [InlineData("debug", "debug")]
    [InlineData("access:debug", "info,access=debug")]
    [InlineData("access=debug", "info,access=debug")]
    [InlineData("dns:trace,xds:off", "info,access=warn,dns=trace,xds=off")]
    [InlineData("error,dns:debug", "error,dns=debug")]
    [InlineData("ztunnel::proxy:debug", "info,access=warn,ztunnel::proxy=debug")]
    public void One_level_is_for_all_and_a_scope_is_for_itself(string level, string inUse)
    {
        Assert.Equal($"current log level is {inUse}\n", Post(("level", level)));
        Assert.Equal(inUse, _log.Filter.Text);
    }

    [Fact]
    public void Many_changes_of_one_scope_do_not_pile_up()
    {
        for (var i = 0; i < 200; i++) Post(("level", i % 2 == 0 ? "access:debug" : "access:info"));
        Assert.Equal("info,access=info", _log.Filter.Text);
    }

    [Fact]
    public void Reset_goes_back_to_the_start_and_may_come_with_a_level()
    {
        Post(("level", "trace"));
        Assert.Equal("current log level is info,access=warn\n", Post(("reset", "")));
        Post(("level", "trace"));
        Assert.Equal("current log level is info,access=warn,dns=debug\n", Post(("reset", "true"), ("level", "dns:debug")));
        Assert.Equal("current log level is info,access=warn,dns=debug\n", Post(("reset", "false")));
    }

    [Fact]
    public void A_level_that_does_not_exist_changes_nothing()
    {
        var response = LoggingPage.Change(_log, Request(("level", "access:loud")));
        Assert.Equal(400, response.Status);
        Assert.Contains("'loud' is not a log level", Encoding.UTF8.GetString(response.Body.Span));
        Assert.Equal("info,access=warn", _log.Filter.Text);
    }

    [Fact]
    public void Looking_changes_nothing() =>
        Assert.Equal("current log level is info,access=warn\n", Encoding.UTF8.GetString(LoggingPage.Show(_log).Body.Span));

    private string Post(params (string Name, string Value)[] query) => Encoding.UTF8.GetString(LoggingPage.Change(_log, Request(query)).Body.Span);

    private static AdminRequest Request(params (string Name, string Value)[] query) =>
        new("POST", "/logging", query.ToDictionary(pair => pair.Name, pair => pair.Value), new Dictionary<string, string>(), default);
}
