using System.Diagnostics;
using Mesh.Identity;

namespace Mesh.Hbone.Tests;

/// <summary>The Python peer beside this file, with a certificate of the test's authority.</summary>
internal sealed class PythonPeer : IDisposable
{
    // Packages of the distribution are seen by its own interpreter only.
    private const string Python = "/usr/bin/python3";

    private readonly string folder = Directory.CreateTempSubdirectory("mesh-h2-").FullName;
    private readonly Process process;

    public PythonPeer(TestPki pki, string account, params string[] arguments)
    {
        var svid = pki.Issue(account).Svid;
        File.WriteAllText(Path.Combine(folder, "chain.pem"), svid.ChainPem());
        File.WriteAllText(Path.Combine(folder, "key.pem"), System.Security.Cryptography.PemEncoding.WriteString("PRIVATE KEY", svid.PrivateKey));
        File.WriteAllText(Path.Combine(folder, "roots.pem"), pki.Issuer.Roots.ToPem());
        process = Process.Start(new ProcessStartInfo(Python, [Path.Combine(AppContext.BaseDirectory, "Interop", "h2_peer.py"), .. arguments])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
    }

    public static void SkipIfMissing()
    {
        try
        {
            using var probe = Process.Start(new ProcessStartInfo(Python, ["-c", "import h2"]) { UseShellExecute = false, RedirectStandardError = true })!;
            probe.WaitForExit();
            if (probe.ExitCode != 0) Assert.Skip("Python's h2 is missing (python3-h2)");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("python3 is missing");
        }
    }

    /// <summary>The value of the next line, which must have this name.</summary>
    public async Task<string> ReadAsync(string name)
    {
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.NotNull(line);
        Assert.StartsWith(name + " ", line, StringComparison.Ordinal);
        return line[(name.Length + 1)..];
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
