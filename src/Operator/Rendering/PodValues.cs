using System.Text.Json.Nodes;

namespace Mesh.Operator.Rendering;

/// <summary>What the templates know about the pods of a component.</summary>
internal sealed record PodValues(
    string Image,
    string PullPolicy,
    JsonArray PullSecrets,
    JsonArray Env,
    JsonObject Resources,
    JsonObject Labels,
    JsonObject Annotations,
    JsonObject NodeSelector,
    JsonArray Tolerations,
    JsonObject? Affinity);
