using System.Text.Json;
using FluentValidation.Results;
using Mesh.Operator.Api;

namespace Mesh.Operator.Rules;

/// <summary>
/// Everything that can be wrong with a MeshInstall, all at once: its name, its spec, its version and its immutable fields. Pure.
/// </summary>
internal sealed class MeshRules(VersionCatalogue catalogue)
{
    private static readonly SpecRules s_spec = new();

    /// <summary>The version to install where nothing is wrong, and all problems.</summary>
    public (Version? Version, IReadOnlyList<MeshProblem> Problems) Check(MeshInstall mesh)
    {
        if (NameProblem(mesh) is { } name) return (null, [name]);
        var problems = s_spec.Validate(mesh.Spec).Errors.Select(ToProblem).ToList();
        var (version, problem) = catalogue.Resolve(mesh.Spec.Version, mesh.Status.CurrentVersion);
        if (problem is not null) problems.Add(new("spec.version", $"'{mesh.Spec.Version}': {problem}"));
        problems.AddRange(ChangedImmutables(mesh));
        return (problems.Count == 0 ? version : null, problems);
    }

    /// <summary>A cluster has one mesh; any other object is told which one.</summary>
    public static MeshProblem? NameProblem(MeshInstall mesh) => mesh.Metadata.Name == MeshInstall.SingletonName
        ? null
        : new("metadata.name", $"'{mesh.Metadata.Name}': MeshInstall is a singleton: metadata.name must be 'default'. "
            + "This object changes nothing; delete it and edit MeshInstall/default instead");

    private static IEnumerable<MeshProblem> ChangedImmutables(MeshInstall mesh)
    {
        var (spec, stored) = (mesh.Spec, mesh.Status.Resolved);
        if (stored is null) yield break;
        (string Field, string Now, string? Before)[] fields =
        [
            ("spec.namespace", spec.Namespace, stored.Namespace),
            ("spec.nodeNamespace", spec.NodeNamespace, stored.NodeNamespace),
            ("spec.mesh.trustDomain", spec.Mesh.TrustDomain, stored.TrustDomain),
            ("spec.mesh.clusterName", spec.Mesh.ClusterName, stored.ClusterName),
            ("spec.cni.binDir", spec.Cni.BinDir, stored.CniBinDir),
            ("spec.cni.confDir", spec.Cni.ConfDir, stored.CniConfDir),
        ];
        foreach (var (field, now, before) in fields)
        {
            if (before is null || before == now) continue;
            yield return new(field, $"'{now}': {field} is immutable after the installation; set it back to '{before}', "
                + "or delete the MeshInstall and create it anew");
        }
    }

    private static MeshProblem ToProblem(ValidationFailure failure)
    {
        var path = string.Join('.', failure.PropertyName.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));
        var field = "spec." + path.Replace("workloadCertTtl", "workloadCertTTL", StringComparison.Ordinal);
        return new(field, failure.AttemptedValue switch
        {
            string text => $"'{text}' {failure.ErrorMessage}",
            int number => $"'{number}' {failure.ErrorMessage}",
            KeyValuePair<string, string> pair => $"'{pair.Value}' {failure.ErrorMessage}",
            EnvironmentVariable variable => $"'{variable.Name}' {failure.ErrorMessage}",
            _ => failure.ErrorMessage,
        });
    }
}
