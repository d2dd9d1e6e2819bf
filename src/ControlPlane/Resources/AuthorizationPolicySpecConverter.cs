using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mesh.ControlPlane.Resources;

/// <summary>Reads an authorization policy also when it is malformed. Stateless.</summary>
internal sealed class AuthorizationPolicySpecConverter : JsonConverter<AuthorizationPolicySpec>
{
    public override AuthorizationPolicySpec Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        PolicyJson.Read(ref reader, MeshJson.Default.AuthorizationPolicySpec, static _ => null, static (json, problem) => new AuthorizationPolicySpec
        {
            Problem = problem,
            Selector = PolicyJson.SelectorOf(json),
            TargetRef = PolicyJson.IsTargeted(json) ? new PolicyTarget() : null,
            Action = PolicyJson.TextOf(json, "action"),
        });

    public override void Write(Utf8JsonWriter writer, AuthorizationPolicySpec value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, MeshJson.Default.AuthorizationPolicySpec);
}
