namespace Mesh.Model.Policy;

/// <summary>By which exact value a rule can be found in an index: without that value it cannot match.</summary>
internal enum RulePin
{
    None,
    Principal,
    ServiceAccount,
    Source,
    Namespace,
    Port,
}
