using System.Formats.Tar;
using System.Text.Json.Nodes;

namespace Mesh.Demo.Delivery;

/// <summary>An OCI image layout in a tar file, unpacked to a temporary folder: its index, manifest and blobs by digest.</summary>
public sealed class OciArchive : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mesh-oci-");

    public static async Task<OciArchive> OpenAsync(string file)
    {
        var archive = new OciArchive();
        try
        {
            await TarFile.ExtractToDirectoryAsync(file, archive._folder.FullName, overwriteFiles: false);
            return archive;
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    /// <summary>The one image of the archive: its name as the index annotates it, and its manifest's digest.</summary>
    public (string Name, string Digest) Image()
    {
        var entry = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder.FullName, "index.json")))!["manifests"]![0]!;
        var names = entry["annotations"]!;
        var name = (names["io.containerd.image.name"] ?? names["org.opencontainers.image.ref.name"])!.GetValue<string>();
        return (name, entry["digest"]!.GetValue<string>());
    }

    public string BlobPath(string digest) => Path.Combine(_folder.FullName, "blobs", digest.Replace(':', '/'));

    public byte[] Blob(string digest) => File.ReadAllBytes(BlobPath(digest));

    public void Dispose() => _folder.Delete(recursive: true);
}
