using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mesh.Demo.Delivery;

namespace Mesh.Demo.Tests;

/// <summary>Image delivery to a registry, against Debian's docker-registry on loopback.</summary>
public sealed class RegistryPushTests
{
    [Theory]
    [InlineData("https://registry.example")]
    [InlineData("registry.example/mesh/")]
    public void A_registry_name_with_a_scheme_or_a_slash_at_the_end_is_refused_with_the_form_to_write(string name)
    {
        var refused = Assert.Throws<DemoException>(() => RegistryName.Parse(name));
        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
        Assert.Contains("host[:port][/path]", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Loopback_registries_speak_plain_http_and_others_tls()
    {
        Assert.Equal(new Uri("http://127.0.0.1:5000/"), RegistryName.Parse("127.0.0.1:5000/mesh").Base);
        Assert.Equal(new Uri("https://registry.example/"), RegistryName.Parse("registry.example/mesh").Base);
        Assert.Equal("mesh/", RegistryName.Parse("registry.example/mesh").Path);
    }

    [Fact]
    [Trait("Category", "Interop")]
    public async Task An_archive_pushed_to_a_registry_can_be_pulled_and_a_second_push_uploads_no_layer()
    {
        const string program = "/usr/bin/docker-registry";
        if (!File.Exists(program)) Assert.Skip("Debian's docker-registry is not installed");
        var folder = Directory.CreateTempSubdirectory("mesh-registry-");
        var port = FreePort();
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "config.yml"),
            $"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder.FullName}/data}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n");
        using var registry = Process.Start(new ProcessStartInfo(program, ["serve", Path.Combine(folder.FullName, "config.yml")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        registry.BeginErrorReadLine();
        registry.BeginOutputReadLine();
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
            await ReadyAsync(http);
            var archive = await ArchiveAsync(folder.FullName);
            using var push = new RegistryPush(RegistryName.Parse($"127.0.0.1:{port}/team"));
            await push.PushAsync(archive);
            await push.PushAsync(archive);

            using var ask = new HttpRequestMessage(HttpMethod.Get, "v2/team/thing/manifests/dev");
            ask.Headers.Accept.ParseAdd("application/vnd.oci.image.manifest.v1+json");
            using var manifest = await http.SendAsync(ask);
            Assert.Equal(HttpStatusCode.OK, manifest.StatusCode);
            using var opened = await OciArchive.OpenAsync(archive);
            Assert.Equal(opened.Blob(opened.Image().Digest), await manifest.Content.ReadAsByteArrayAsync());
        }
        finally
        {
            registry.Kill();
            await registry.WaitForExitAsync();
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> ArchiveAsync(string folder)
    {
        var layer = Directory.CreateDirectory(Path.Combine(folder, "layer"));
        await File.WriteAllTextAsync(Path.Combine(layer.FullName, "greeting"), "hello");
        var archive = Path.Combine(folder, "thing.tar");
        var packed = await Command.RunAsync(
            Path.Combine(Cluster.Root, "hack/cluster/oci-pack"), ["--name", "mesh.local/thing:dev", "--out", archive, "--layer", layer.FullName]);
        Assert.True(packed.Succeeded, packed.Error);
        return archive;
    }

    private static async Task ReadyAsync(HttpClient http)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri("v2/", UriKind.Relative));
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException) { } // Not listening yet.
            await Task.Delay(50);
        }

        Assert.Fail("the registry did not start within 5 s");
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
