using Mesh.Cni.Plugin;
using Mesh.Linux;

namespace Mesh.Cni.Install;

/// <summary>Puts the plugin on the host and keeps it there, and takes it out again. One user at a time.</summary>
internal sealed class HostInstall(InstallPlan plan)
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly VerifiedCopy _plugin = new(plan.PluginSource, plan.PluginPath, Executable);

    /// <summary>How often the plugin's content was compared with its copy's.</summary>
    public int Comparisons => _plugin.Comparisons;

    /// <summary>Why the last round failed; empty when it did not.</summary>
    public string Problem { get; private set; } = string.Empty;

    /// <summary>Brings binary and configuration to where they should be; writes nothing that is right already.</summary>
    public InstallOutcome Ensure()
    {
        Problem = string.Empty;
        bool copied;
        try
        {
            copied = _plugin.Ensure();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LinuxException)
        {
            Problem = $"cannot install {plan.PluginPath}: {e.Message}";
            return InstallOutcome.CopyFailed;
        }

        try
        {
            if (FindConfig() is not { } path)
            {
                Problem = $"no network configuration in {plan.ConfigDirectory} yet";
                return InstallOutcome.NoConfig;
            }

            return Join(path) || copied ? InstallOutcome.Installed : InstallOutcome.Unchanged;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LinuxException)
        {
            Problem = $"cannot edit the network configuration in {plan.ConfigDirectory}: {e.Message}";
            return InstallOutcome.ConfigFailed;
        }
    }

    /// <summary>
    /// Takes our entry out of every configuration. The binary stays: runtimes remember the old list for running pods and will call it for
    /// their DEL; the hints now say that it has no other business.
    /// </summary>
    public void Remove()
    {
        WriteHints(new PluginHints(new HashSet<string>(), IsUninstalled: true));
        foreach (var path in Candidates())
        {
            var before = File.ReadAllBytes(path);
            var after = ConflistEditor.Remove(before, InstallPlan.PluginType);
            if (after is not null && !before.AsSpan().SequenceEqual(after)) AtomicFile.Write(path, after, ModeOf(path));
        }
    }

    public void WriteHints(PluginHints hints) => AtomicFile.Write(PluginHints.PathBeside(plan.BinaryDirectory), hints.Write(), Private);

    /// <summary>
    /// As <see cref="WriteHints"/>, for a loop that must outlive a full disk: what is wrong, or nothing. Hints that cannot be renewed are taken
    /// away, for old ones would let pods of a namespace that joined since start outside the mesh.
    /// </summary>
    public string TryWriteHints(PluginHints hints)
    {
        try
        {
            WriteHints(hints);
            return string.Empty;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LinuxException)
        {
            return TryDeleteHints() is { } left ? $"{e.Message}; the old ones stay: {left}" : e.Message;
        }
    }

    private string? TryDeleteHints()
    {
        try
        {
            File.Delete(PluginHints.PathBeside(plan.BinaryDirectory));
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <summary>The configuration that the runtime uses: the first valid one by name, or the one asked for under either ending.</summary>
    private string? FindConfig()
    {
        foreach (var path in Candidates())
        {
            if (plan.ConfigName.Length > 0 && !SameName(path, plan.ConfigName)) continue;
            if (ConflistEditor.IsValid(File.ReadAllBytes(path), out _)) return path;
        }

        return null;
    }

    private List<string> Candidates()
    {
        var found = new List<string>();
        if (!Directory.Exists(plan.ConfigDirectory)) return found;
        foreach (var path in Directory.EnumerateFiles(plan.ConfigDirectory))
        {
            if (path.EndsWith(".conf", StringComparison.Ordinal) || path.EndsWith(".conflist", StringComparison.Ordinal)) found.Add(path);
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    private bool Join(string path)
    {
        var before = File.ReadAllBytes(path);
        var after = ConflistEditor.Insert(before, plan.Entry());
        if (after is null || before.AsSpan().SequenceEqual(after)) return false;
        if (path.EndsWith(".conflist", StringComparison.Ordinal)) return AtomicFile.Write(path, after, ModeOf(path));

        // A single plugin becomes a list, which runtimes read under another ending; the single file must not win over it.
        AtomicFile.Write(path + "list", after, ModeOf(path));
        File.Delete(path);
        HostFiles.FlushFolder(plan.ConfigDirectory);
        return true;
    }

    private static bool SameName(string path, string wanted) => Stem(Path.GetFileName(path)) == Stem(wanted);

    private static string Stem(string name) => name.EndsWith(".conflist", StringComparison.Ordinal) ? name[..^"list".Length] : name;

    private static UnixFileMode ModeOf(string path) => new FileInfo(path).UnixFileMode;
}
