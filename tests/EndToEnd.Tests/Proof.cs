namespace Mesh.EndToEnd.Tests;

/// <summary>One test for each line that `make up` proves. Each brings the namespace into the state it speaks of.</summary>
[Trait("Category", "EndToEnd")]
public sealed class Proof(MeshedCluster mesh)
{
    [Fact]
    public async Task Two_workloads_with_identities_of_their_own_answer_each_other() =>
        Assert.Contains("service account client", await mesh.Walk.Workloads.StartAsync(), StringComparison.Ordinal);

    [Fact]
    public async Task Traffic_before_enrolment_is_plaintext_on_the_wire()
    {
        await mesh.EnrolledAsync();
        Assert.Contains("marker-", await mesh.Walk.ReleaseAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enrolment_keeps_uid_restart_count_and_process_of_every_pod()
    {
        await mesh.SettledAsync();
        await mesh.Walk.EnrolAsync();
        Assert.Contains("0 restarts", await mesh.Walk.SamePodsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enrolled_traffic_hides_the_marker_and_port_15008_speaks_tls_1_3()
    {
        await mesh.EnrolledAsync();
        await mesh.Walk.ReleaseAsync(); // Tunnels are gone, so the next request opens one and its hello is captured.
        await mesh.Walk.EnrolAsync();
        Assert.Contains("0x0304", await mesh.Walk.EncryptedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_ztunnels_log_source_and_destination_identity()
    {
        await mesh.EnrolledAsync();
        var lines = await mesh.Walk.IdentitiesLoggedAsync();
        Assert.Contains("src.identity", lines, StringComparison.Ordinal);
        Assert.Contains("dst.identity", lines, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_connection_counter_rises_with_each_request()
    {
        await mesh.EnrolledAsync();
        Assert.Contains("→", await mesh.Walk.CounterRoseAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Removing_the_label_makes_traffic_plaintext_again_without_a_restart()
    {
        await mesh.EnrolledAsync();
        Assert.Contains("pods unchanged", await mesh.Walk.ReleaseAsync(), StringComparison.Ordinal);
    }
}
