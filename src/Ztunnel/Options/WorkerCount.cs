using System.Globalization;

namespace Mesh.Ztunnel.Options;

/// <summary>How many traffic loops to run, from what the operator, the mesh and the machine say.</summary>
internal static class WorkerCount
{
    private const int LeastByDefault = 2;
    private const int Most = 1024;

    public static int Read(OptionReader from, int machineCores)
    {
        var cores = Quantity(from, "ZTUNNEL_CPU_LIMIT") ?? machineCores;
        var limit = Quantity(from, "ZTUNNEL_RESOURCE_CPU_LIMIT");
        if (limit is { } most) cores = most;
        var request = Quantity(from, "ZTUNNEL_RESOURCE_CPU_REQUEST") ?? 0;
        if (from.TextOrNull("ZTUNNEL_WORKER_THREADS") is { } asked) return Explicit(from, asked, cores);
        if (from.TextOrNull("concurrency") is not null)
        {
            var concurrency = from.Number("concurrency", 0, 0, Most);
            return concurrency == 0 ? Math.Max(1, machineCores) : concurrency;
        }

        if (limit is { } bound) return Math.Max(bound, Math.Max(1, request));
        return Math.Max((int)Math.Ceiling(cores * 0.25), Math.Max(request, LeastByDefault));
    }

    private static int Explicit(OptionReader from, string asked, int cores)
    {
        if (asked.EndsWith('%')
            && int.TryParse(asked.AsSpan()[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var percent) && percent is > 0 and <= 100)
        {
            return Math.Max(1, (int)Math.Ceiling(cores * percent / 100.0));
        }

        if (int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= Most)
            return number == 0 ? Math.Max(1, cores) : number;
        from.Refuse("ZTUNNEL_WORKER_THREADS", asked, $"write a number up to {Most}, 0 for all cores, or a share such as 50%");
        return 1;
    }

    /// <summary>Cores as Kubernetes writes them: 2, 1.5 or 1500m; rounded up.</summary>
    private static int? Quantity(OptionReader from, string name)
    {
        if (from.TextOrNull(name) is not { } text) return null;
        var isMilli = text.EndsWith('m');
        if (double.TryParse(isMilli ? text.AsSpan()[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
            && amount < 100_000_000)
        {
            var rounded = (int)Math.Ceiling(isMilli ? amount / 1000 : amount);
            return rounded > 0 ? Math.Min(rounded, Most) : null;
        }

        from.Refuse(name, text, "write cores as 2, 1.5 or 1500m");
        return null;
    }
}
