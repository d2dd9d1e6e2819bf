using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Mesh.Kubernetes.Access;

/// <summary>One or more kubeconfig files, merged as kubectl does: the first file that names a thing wins.</summary>
internal sealed class Kubeconfig
{
    private readonly Dictionary<string, KubeconfigEntry> _clusters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KubeconfigEntry> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KubeconfigEntry> _contexts = new(StringComparer.Ordinal);
    private readonly List<string> _files = [];
    private string? _currentContext;

    private string Files => string.Join(", ", _files);

    public static Kubeconfig Read(IReadOnlyList<string> files, CredentialSearch search)
    {
        var config = new Kubeconfig();
        foreach (var file in files)
        {
            // kubectl skips missing files of a list too; a lone one that is missing is a mistake.
            if (files.Count > 1 && !File.Exists(file)) continue;
            config.Add(file);
        }

        if (config._files.Count == 0)
            throw new CredentialsException($"None of the files in KUBECONFIG exists: {string.Join(", ", files)}.");
        return config;
    }

    public Credentials ToCredentials(CredentialSearch search)
    {
        var name = search.Context ?? _currentContext;
        if (string.IsNullOrEmpty(name))
        {
            throw new CredentialsException(
                $"{Files}: current-context is not set. Choose one with 'kubectl config use-context NAME'; there is {Names(_contexts)}.");
        }

        if (!_contexts.TryGetValue(name, out var context))
            throw new CredentialsException($"{Files}: there is no context '{name}'; there is {Names(_contexts)}.");
        var clusterName = context.Required("cluster");
        if (!_clusters.TryGetValue(clusterName, out var cluster))
            throw context.Wrong("cluster", $"names '{clusterName}', which is not among the clusters; there is {Names(_clusters)}");
        var userName = context.Text("user");
        KubeconfigEntry? user = null;
        if (!string.IsNullOrEmpty(userName) && !_users.TryGetValue(userName, out user))
            throw context.Wrong("user", $"names '{userName}', which is not among the users; there is {Names(_users)}");
        return KubeconfigCredentials.From(cluster, user, context, $"context {name} of {Files}", search);
    }

    private void Add(string file)
    {
        var root = Parse(file);
        _files.Add(file);
        var top = new KubeconfigEntry(file, file + ":", root);
        Collect(top, "clusters", "cluster", _clusters);
        Collect(top, "users", "user", _users);
        Collect(top, "contexts", "context", _contexts);
        if (string.IsNullOrEmpty(_currentContext)) _currentContext = top.Text("current-context");
    }

    private static YamlMappingNode Parse(string file)
    {
        try
        {
            using var text = new StreamReader(file);
            var yaml = new YamlStream();
            yaml.Load(text);
            if (yaml.Documents.Count > 0 && yaml.Documents[0].RootNode is YamlMappingNode root) return root;
            throw new CredentialsException(
                $"{file} is empty or not a map. It should be a kubeconfig; 'kubectl config view' shows a good one.");
        }
        catch (YamlException problem)
        {
            throw new CredentialsException($"{file}, line {problem.Start.Line}: {problem.Message}", problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new CredentialsException($"The kubeconfig {file} cannot be read: {problem.Message}", problem);
        }
    }

    private static void Collect(KubeconfigEntry top, string list, string item, Dictionary<string, KubeconfigEntry> into)
    {
        foreach (var entry in top.Items(list))
        {
            var name = entry.Required("name");
            if (entry.Map(item) is { } content) into.TryAdd(name, content);
        }
    }

    private static string Names(Dictionary<string, KubeconfigEntry> entries) =>
        entries.Count == 0 ? "none" : string.Join(", ", entries.Keys);
}
