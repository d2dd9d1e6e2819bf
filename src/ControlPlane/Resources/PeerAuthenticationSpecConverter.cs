using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mesh.ControlPlane.Resources;

/// <summary>Reads a peer authentication also when it is malformed. Stateless.</summary>
internal sealed class PeerAuthenticationSpecConverter : JsonConverter<PeerAuthenticationSpec>
{
    public override PeerAuthenticationSpec Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        PolicyJson.Read(
            ref reader, MeshJson.Default.PeerAuthenticationSpec, static spec => spec.FindProblem(),
            static (json, problem) => new PeerAuthenticationSpec { Problem = problem, Selector = PolicyJson.SelectorOf(json) });

    public override void Write(Utf8JsonWriter writer, PeerAuthenticationSpec value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, MeshJson.Default.PeerAuthenticationSpec);
}
