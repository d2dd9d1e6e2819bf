using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Access;

/// <summary>
/// Runs a program that prints a credential (client.authentication.k8s.io) and keeps the answer until it expires or is refused.
/// Thread-safe: one run at a time, others wait for its answer.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore never makes a wait handle, so there is nothing to dispose of.")]
internal sealed class ExecPlugin : ITokenSource
{
    private const int OutputCharactersMax = 1024 * 1024;
    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromSeconds(10); // A token must survive its own request.

    private readonly string _place;
    private readonly string _apiVersion;
    private readonly string _command;
    private readonly string[] _arguments;
    private readonly (string Name, string Value)[] _environment;
    private readonly string? _installHint;
    private readonly string _info;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _one = new(1, 1);
    private Answer? _answer;

    private sealed record Answer(string? Token, X509Certificate2? Certificate, DateTimeOffset? Expires);

    private ExecPlugin(KubeconfigEntry exec, KubeconfigEntry cluster, TimeProvider time)
    {
        _place = exec.Place;
        _time = time;
        _apiVersion = exec.Required("apiVersion");
        if (_apiVersion is not ("client.authentication.k8s.io/v1" or "client.authentication.k8s.io/v1beta1"))
        {
            throw exec.Wrong(
                "apiVersion", $"is '{_apiVersion}'; client.authentication.k8s.io/v1 or v1beta1 is understood. Update the plugin");
        }

        // A bare name is looked for on the PATH, anything with a slash beside the kubeconfig.
        var command = exec.Required("command");
        _command = command.Contains('/', StringComparison.Ordinal) ? exec.FilePath("command")! : command;
        _arguments = [.. exec.Texts("args")];
        _environment = [.. exec.Items("env").Select(entry => (entry.Required("name"), entry.Text("value") ?? ""))];
        _installHint = exec.Text("installHint");
        if (exec.Text("interactiveMode") == "Always")
            throw exec.Wrong("interactiveMode", "is Always, but nobody can answer a service's questions; use a user without a dialogue");
        _info = Info(exec.Flag("provideClusterInfo") ? cluster : null);
    }

    public static ExecPlugin? TryRead(KubeconfigEntry user, KubeconfigEntry cluster, TimeProvider time) =>
        user.Map("exec") is { } exec ? new ExecPlugin(exec, cluster, time) : null;

    /// <summary>The certificate of the last answer; the token of a request is always asked for first.</summary>
    public X509Certificate2? FindCertificate() => Volatile.Read(ref _answer)?.Certificate;

    public async ValueTask<string?> GetAsync(CancellationToken stop) => (await CurrentAsync(stop)).Token;

    public async ValueTask<bool> TryRenewAsync(string refused, CancellationToken stop)
    {
        await _one.WaitAsync(stop);
        try
        {
            if (_answer?.Token is { } other && other != refused) return true; // Another request renewed it meanwhile.
            _answer = await RunAsync(stop);
            return _answer.Token is not null && _answer.Token != refused;
        }
        finally
        {
            _one.Release();
        }
    }

    private async ValueTask<Answer> CurrentAsync(CancellationToken stop)
    {
        if (Volatile.Read(ref _answer) is { } fresh && IsFresh(fresh)) return fresh;
        await _one.WaitAsync(stop);
        try
        {
            if (_answer is not { } known || !IsFresh(known)) _answer = known = await RunAsync(stop);
            return known;
        }
        finally
        {
            _one.Release();
        }
    }

    private bool IsFresh(Answer answer) => answer.Expires is not { } expires || expires - _time.GetUtcNow() > RenewBefore;

    private async Task<Answer> RunAsync(CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(RunLimit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        using var process = Start();
        try
        {
            var output = ReadAsync(process.StandardOutput, either.Token);
            var errors = ReadAsync(process.StandardError, either.Token);
            await Task.WhenAll(output, errors);
            await process.WaitForExitAsync(either.Token);
            if (process.ExitCode != 0)
                throw new CredentialsException($"{_place}: '{_command}' ended with {process.ExitCode}: {Short(await errors)}{Hint}");
            return Parse(await output);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new CredentialsException($"{_place}: '{_command}' did not end within {RunLimit.TotalSeconds} s.");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(_command, _arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in _environment) start.Environment[name] = value;
        start.Environment["KUBERNETES_EXEC_INFO"] = _info;
        try
        {
            var process = Process.Start(start) ?? throw new CredentialsException($"{_place}: '{_command}' did not start.{Hint}");
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception problem)
        {
            throw new CredentialsException($"{_place}.command '{_command}' cannot be run: {problem.Message}.{Hint}", problem);
        }
    }

    private string Hint => _installHint is { Length: > 0 } hint ? $" {hint.Trim()}" : "";

    private static string Short(string text) => text.Length <= 500 ? text.Trim() : text[..500].Trim() + "…";

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken stop)
    {
        var text = new System.Text.StringBuilder();
        var block = new char[4096];
        while (true)
        {
            var count = await reader.ReadAsync(block, stop);
            if (count == 0) return text.ToString();
            if (text.Length < OutputCharactersMax) text.Append(block, 0, count); // What is beyond cannot be a credential.
        }
    }

    private Answer Parse(string output)
    {
        try
        {
            var credential = JsonSerializer.Deserialize(output, KubernetesJson.Default.ExecCredential);
            if (credential?.Kind != "ExecCredential" || credential.Status is not { } status)
                throw new CredentialsException($"{_place}: '{_command}' did not print an ExecCredential with a status.");
            if (credential.ApiVersion != _apiVersion)
            {
                throw new CredentialsException(
                    $"{_place}: '{_command}' answered in {credential.ApiVersion}, but {_apiVersion} was asked for.");
            }

            var certificate = status is { ClientCertificateData: { Length: > 0 } chain, ClientKeyData: { Length: > 0 } key }
                ? X509Certificate2.CreateFromPem(chain, key)
                : null;
            var token = string.IsNullOrEmpty(status.Token) ? null : status.Token;
            if (token is null && certificate is null)
                throw new CredentialsException($"{_place}: '{_command}' printed neither a token nor a certificate with its key.");
            return new Answer(token, certificate, status.ExpirationTimestamp);
        }
        catch (Exception problem) when (problem is JsonException or CryptographicException)
        {
            throw new CredentialsException($"{_place}: what '{_command}' printed is not a credential: {problem.Message}", problem);
        }
    }

    private string Info(KubeconfigEntry? cluster)
    {
        var spec = new JsonObject { ["interactive"] = false };
        if (cluster is not null)
        {
            var about = new JsonObject { ["server"] = cluster.Text("server") };
            if (cluster.Text("tls-server-name") is { } name) about["tls-server-name"] = name;
            if (cluster.Text("certificate-authority-data") is { } authority) about["certificate-authority-data"] = authority;
            if (cluster.Text("proxy-url") is { } proxy) about["proxy-url"] = proxy;
            spec["cluster"] = about;
        }

        return new JsonObject { ["apiVersion"] = _apiVersion, ["kind"] = "ExecCredential", ["spec"] = spec }.ToJsonString();
    }
}
