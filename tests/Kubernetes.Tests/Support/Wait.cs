namespace Mesh.Kubernetes.Tests.Support;

/// <summary>Waiting for what another thread or program does.</summary>
internal static class Wait
{
    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task UntilAsync(Func<bool> condition, string what, int seconds = 20)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromSeconds(seconds)) Assert.Fail($"Not within {seconds} s: {what}");
            await Task.Delay(5, Stop);
        }
    }
}
