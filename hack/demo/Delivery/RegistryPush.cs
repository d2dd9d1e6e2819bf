using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Mesh.Demo.Delivery;

/// <summary>Pushes an OCI archive with the distribution API (v2): missing blobs first, the manifest last.</summary>
public sealed partial class RegistryPush(RegistryName registry) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = registry.Base, Timeout = TimeSpan.FromMinutes(5) };
    private AuthenticationHeaderValue? _credentials;

    public void Dispose() => _http.Dispose();

    public async Task PushAsync(string file)
    {
        using var archive = await OciArchive.OpenAsync(file);
        var (name, digest) = archive.Image();
        var leaf = name[(name.LastIndexOf('/') + 1)..].Split(':');
        var repository = registry.Path + leaf[0];
        var bytes = archive.Blob(digest);
        var manifest = JsonNode.Parse(bytes)!;
        foreach (var blob in manifest["layers"]!.AsArray().Append(manifest["config"]))
            await PushBlobAsync(repository, blob!["digest"]!.GetValue<string>(), archive);

        using var put = await SendAsync(() =>
        {
            var content = new ByteArrayContent(bytes);
            content.Headers.ContentType = new MediaTypeHeaderValue(manifest["mediaType"]?.GetValue<string>() ?? "application/vnd.oci.image.manifest.v1+json");
            return new HttpRequestMessage(HttpMethod.Put, $"v2/{repository}/manifests/{leaf.ElementAtOrDefault(1) ?? "latest"}") { Content = content };
        });
        await ExpectAsync(put, HttpStatusCode.Created, $"storing the manifest of {repository}");
    }

    private async Task PushBlobAsync(string repository, string digest, OciArchive archive)
    {
        using (var head = await SendAsync(() => new HttpRequestMessage(HttpMethod.Head, $"v2/{repository}/blobs/{digest}")))
        {
            if (head.StatusCode == HttpStatusCode.OK) return;
        }

        using var begin = await SendAsync(() => new HttpRequestMessage(HttpMethod.Post, $"v2/{repository}/blobs/uploads/"));
        await ExpectAsync(begin, HttpStatusCode.Accepted, $"starting an upload to {repository}");
        var location = new Uri(registry.Base, begin.Headers.Location!);
        var target = new Uri(location + (location.Query.Length == 0 ? "?" : "&") + "digest=" + Uri.EscapeDataString(digest));
        using var put = await SendAsync(() =>
        {
            var content = new StreamContent(File.OpenRead(archive.BlobPath(digest)));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            return new HttpRequestMessage(HttpMethod.Put, target) { Content = content };
        });
        await ExpectAsync(put, HttpStatusCode.Created, $"uploading {digest} to {repository}");
    }

    /// <summary>Sends; when asked who we are, answers once with a bearer token or basic credentials, and remembers them.</summary>
    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> build)
    {
        for (var second = false; ; second = true)
        {
            using var request = build();
            request.Headers.Authorization = _credentials;
            var response = await _http.SendAsync(request);
            if (response.StatusCode != HttpStatusCode.Unauthorized || second) return response;
            var challenge = response.Headers.WwwAuthenticate.FirstOrDefault();
            response.Dispose();
            _credentials = challenge?.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) == true ? await TokenAsync(challenge.Parameter ?? "") : Basic();
        }
    }

    private async Task<AuthenticationHeaderValue> TokenAsync(string challenge)
    {
        var parts = Parameter().Matches(challenge).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value, StringComparer.Ordinal);
        var query = string.Join('&', parts.Where(part => part.Key != "realm").Select(part => $"{part.Key}={Uri.EscapeDataString(part.Value)}"));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{parts["realm"]}?{query}");
        if (Environment.GetEnvironmentVariable("IMAGE_REGISTRY_USER") is not null) request.Headers.Authorization = Basic();
        using var response = await _http.SendAsync(request);
        await ExpectAsync(response, HttpStatusCode.OK, "asking for a registry token");
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        return new AuthenticationHeaderValue("Bearer", (answer["token"] ?? answer["access_token"])!.GetValue<string>());
    }

    private static AuthenticationHeaderValue Basic()
    {
        var user = Environment.GetEnvironmentVariable("IMAGE_REGISTRY_USER")
            ?? throw new DemoException("pushing images", "the registry asks who you are: set IMAGE_REGISTRY_USER and IMAGE_REGISTRY_PASSWORD");
        var password = Environment.GetEnvironmentVariable("IMAGE_REGISTRY_PASSWORD") ?? "";
        return new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
    }

    private static async Task ExpectAsync(HttpResponseMessage response, HttpStatusCode wanted, string what)
    {
        if (response.StatusCode == wanted) return;
        throw new DemoException(what, $"the registry answered {(int)response.StatusCode}: {(await response.Content.ReadAsStringAsync()).Trim()}");
    }

    [GeneratedRegex("(\\w+)=\"([^\"]*)\"")]
    private static partial Regex Parameter();
}
