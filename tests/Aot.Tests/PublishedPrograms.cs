using System.Text.Json.Nodes;

namespace Mesh.Aot.Tests;

/// <summary>Size, warnings and first answers of the NativeAOT programs.</summary>
[Trait("Category", "Aot")]
public sealed class PublishedPrograms
{
    [Theory]
    [InlineData("ztunnel")]
    [InlineData("mesh-cni")]
    public void The_program_stays_within_its_size(string program)
    {
        var mebibytes = new FileInfo(Published.Program(program)).Length / 1048576.0;
        Assert.InRange(mebibytes, 0.5, Published.Budget(program, "sizeMiB"));
    }

    [Theory]
    [InlineData("ztunnel")]
    [InlineData("mesh-cni")]
    public void Publishing_gave_no_warning(string program)
    {
        var log = Path.Combine(Published.Root, "artifacts/log", $"publish-{program}.log");
        Assert.True(File.Exists(log), $"{log}: not there; run make publish");
        Assert.DoesNotContain(File.ReadLines(log), line => line.Contains("warning ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_plugin_answers_version_with_the_versions_it_speaks()
    {
        var (code, output, _) = await Published.RunAsync(Published.Program("mesh-cni"), """{"cniVersion":"1.0.0"}""", ("CNI_COMMAND", "VERSION"));
        Assert.Equal(0, code);
        var answer = JsonNode.Parse(output)!;
        Assert.Contains("1.0.0", answer["supportedVersions"]!.AsArray().Select(version => version!.GetValue<string>()));
    }

    [Fact]
    public async Task A_ztunnel_with_unusable_settings_names_every_variable_its_value_and_a_way_out_and_ends()
    {
        var (code, output, error) = await Published.RunAsync(
            Published.Program("ztunnel"), "", ("PROXY_MODE", "sideways"), ("SECRET_TTL", "soon"), ("XDS_ADDRESS", ""));
        Assert.NotEqual(0, code);
        foreach (var word in new[] { "PROXY_MODE", "sideways", "SECRET_TTL", "soon" }) Assert.Contains(word, output + error, StringComparison.Ordinal);
    }
}
