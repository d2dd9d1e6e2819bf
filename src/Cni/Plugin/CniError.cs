using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mesh.Cni.Plugin;

/// <summary>A failure in the words of the CNI specification.</summary>
internal sealed record CniError(int Code, string Message, string Details)
{
    public const int UnsupportedField = 2;
    public const int InvalidEnvironment = 4;
    public const int UndecodableInput = 6;
    public const int TryAgainLater = 11;

    private static readonly JsonWriterOptions Style = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Write(string version)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Style))
        {
            json.WriteStartObject();
            json.WriteString("cniVersion", version);
            json.WriteNumber("code", Code);
            json.WriteString("msg", Message);
            json.WriteString("details", Details);
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
