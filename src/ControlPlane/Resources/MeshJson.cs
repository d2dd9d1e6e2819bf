using System.Text.Json.Serialization;

namespace Mesh.ControlPlane.Resources;

/// <summary>Generated JSON code for the custom resources we read.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuthorizationPolicyObject))]
[JsonSerializable(typeof(PeerAuthenticationObject))]
[JsonSerializable(typeof(AuthorizationPolicySpec))]
[JsonSerializable(typeof(PeerAuthenticationSpec))]
[JsonSerializable(typeof(ServiceEntryObject))]
[JsonSerializable(typeof(WorkloadEntryObject))]
[JsonSerializable(typeof(GatewayObject))]
[JsonSerializable(typeof(GatewayClassObject))]
internal sealed partial class MeshJson : JsonSerializerContext;
