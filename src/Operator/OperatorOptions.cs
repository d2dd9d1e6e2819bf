using Mesh.Operator.Rules;

namespace Mesh.Operator;

/// <summary>The operator's knobs, from its environment.</summary>
internal sealed record OperatorOptions
{
    public const int MetricsPort = 8080;
    public const int HealthPort = 8081;

    /// <summary>The version of this program, which is the one it installs.</summary>
    public static Version ProgramVersion { get; } = typeof(OperatorOptions).Assembly.GetName().Version is { } version
        ? new Version(version.Major, version.Minor, version.Build)
        : new Version(0, 0, 0);

    public required OperatorDefaults Defaults { get; init; }

    /// <summary>Who we are in the lease: names this process and no other.</summary>
    public required string Instance { get; init; }

    /// <summary>What can be installed, oldest first.</summary>
    public VersionCatalogue Versions { get; init; } = new([ProgramVersion]);

    public IReadOnlyList<int> Ports { get; init; } = [MetricsPort, HealthPort];

    /// <summary>How often everything is compared even if nothing seems to change.</summary>
    public TimeSpan Sweep { get; init; } = TimeSpan.FromMinutes(10);

    public static OperatorOptions FromEnvironment(Func<string, string?> variable) => new()
    {
        Defaults = new OperatorDefaults
        {
            Namespace = variable("POD_NAMESPACE") ?? "mesh-operator",
            ServiceAccount = variable("SERVICE_ACCOUNT") ?? "mesh-operator",
            Registry = variable("MESH_IMAGE_REGISTRY") ?? "mesh.local",
            Tag = variable("MESH_IMAGE_TAG") ?? "",
        },
        Instance = $"{variable("POD_NAME") ?? Environment.MachineName}_{Environment.ProcessId}",
    };
}
