namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>What the proxy says when it was not given the rights it needs: once, at the start, by their names.</summary>
[Trait("Category", "Kernel")]
public sealed class RightsTests
{
    [Theory]
    [InlineData("sys_admin", "true", "network namespaces cannot be entered (NotPermitted): serving pods needs CAP_SYS_ADMIN")]
    [InlineData("net_admin,-net_raw", "true", "sockets cannot be marked (NotPermitted): PACKET_MARK 1337 needs CAP_NET_ADMIN")]
    public void A_shared_proxy_without_a_right_that_every_pod_needs_does_not_start(string lacks, string preserve, string why)
    {
        using var star = Start(lacks, "shared", preserve, mark: "1337");
        Shell.WaitFor("the end of the process", () => star.Client.ExitCode is not null);
        Assert.Equal(1, star.Client.ExitCode);
        star.Client.WaitForLine("\terror\tproxy\tcannot start: " + why);
    }

    [Fact]
    public void Who_insists_on_the_clients_addresses_is_told_that_they_cannot_be_had()
    {
        using var star = Start("net_admin,-net_raw", "dedicated", preserve: "true", mark: "0");
        Shell.WaitFor("the end of the process", () => star.Client.ExitCode is not null);
        Assert.Equal(1, star.Client.ExitCode);
        star.Client.WaitForLine("\terror\tproxy\tcannot start: sockets cannot be transparent (NotPermitted): ENABLE_ORIG_SRC needs CAP_NET_ADMIN or CAP_NET_RAW");
    }

    [Fact]
    public void Who_did_not_say_whether_they_want_them_is_warned_and_served()
    {
        using var star = Start("net_admin,-net_raw", "dedicated", preserve: null, mark: "0");
        star.Client.WaitUntilReady();
        star.Client.WaitForLine("\twarn\tproxy\tapplications will see this proxy's address instead of their clients'");
    }

    private static Star Start(string lacks, string mode, string? preserve, string mark)
    {
        var star = new Star();
        var missing = star.Missing ?? (Shell.Has("setpriv") ? null : "needs setpriv");
        if (missing is not null)
        {
            star.Dispose();
            Assert.Skip(missing);
        }

        var environment = star.EnvironmentOf("client");
        environment["PROXY_MODE"] = mode;
        environment["PACKET_MARK"] = mark;
        environment["INPOD_UDS"] = Path.Combine(star.Folder, "nobody.sock");
        environment.Remove("ENABLE_ORIG_SRC");
        if (preserve is not null) environment["ENABLE_ORIG_SRC"] = preserve;
        star.Client.Start(environment, "setpriv", $"--bounding-set=-{lacks}");
        return star;
    }
}
