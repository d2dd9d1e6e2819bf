namespace Mesh.Model.Policy;

/// <summary>Keeps the policies and compiles what a batch touched. One thread.</summary>
internal sealed class PolicyIndexBuilder
{
    private readonly SortedDictionary<string, AuthorizationPolicy> _policies = new(StringComparer.Ordinal);
    private readonly HashSet<string> _staleNamespaces = [];
    private readonly HashSet<string> _staleKeys = [];
    private Dictionary<string, PolicyGroup> _byNamespace = [];
    private Dictionary<string, PolicyGroup> _byKey = [];
    private PolicyGroup _global = PolicyGroup.Empty;
    private bool _isGlobalStale;
    private PolicyIndex _frozen = new([], PolicyGroup.Empty, [], []);

    public void Set(AuthorizationPolicy policy)
    {
        var key = policy.Key;
        if (_policies.TryGetValue(key, out var old)) Touch(key, old);
        _policies[key] = policy;
        Touch(key, policy);
    }

    public bool Remove(string key)
    {
        if (!_policies.Remove(key, out var old)) return false;
        Touch(key, old);
        return true;
    }

    public PolicyIndex Freeze()
    {
        if (!_isGlobalStale && _staleNamespaces.Count == 0 && _staleKeys.Count == 0) return _frozen;
        if (_isGlobalStale) _global = new PolicyGroup(_policies.Values.Where(static p => p.Scope == PolicyScope.Global));
        if (_staleNamespaces.Count > 0) CompileNamespaces();
        if (_staleKeys.Count > 0) CompileSelected();
        _isGlobalStale = false;
        return _frozen = new PolicyIndex([.. _policies.Values], _global, _byNamespace, _byKey);
    }

    private void CompileNamespaces()
    {
        _byNamespace = new Dictionary<string, PolicyGroup>(_byNamespace);
        foreach (var ns in _staleNamespaces) _byNamespace.Remove(ns);
        foreach (var group in _policies.Values
            .Where(p => p.Scope == PolicyScope.Namespace && _staleNamespaces.Contains(p.Namespace))
            .GroupBy(static p => p.Namespace, StringComparer.Ordinal))
        {
            _byNamespace[group.Key] = new PolicyGroup(group);
        }

        _staleNamespaces.Clear();
    }

    private void CompileSelected()
    {
        _byKey = new Dictionary<string, PolicyGroup>(_byKey);
        foreach (var key in _staleKeys)
        {
            _byKey.Remove(key);
            // A workload that names a policy of another scope finds it known, and is judged by it once, where its scope says.
            if (_policies.TryGetValue(key, out var policy))
            {
                _byKey[key] = policy.Scope == PolicyScope.WorkloadSelector ? new PolicyGroup([policy]) : PolicyGroup.Empty;
            }
        }

        _staleKeys.Clear();
    }

    private void Touch(string key, AuthorizationPolicy policy)
    {
        _staleKeys.Add(key);
        if (policy.Scope == PolicyScope.Global) _isGlobalStale = true;
        if (policy.Scope == PolicyScope.Namespace) _staleNamespaces.Add(policy.Namespace);
    }
}
