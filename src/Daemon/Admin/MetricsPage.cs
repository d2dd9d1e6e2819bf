using Mesh.Daemon.Metering;

namespace Mesh.Daemon.Admin;

/// <summary>
/// The metrics of a registry as a page that is never held as a whole: written in parts, each sent before the next is made, and packed if
/// the scraper can unpack. One part is written at a time, whoever asked: many scrapers take one processor, and a slow one keeps nobody.
/// </summary>
internal sealed class MetricsPage(Metrics metrics)
{
    private readonly Lock _turn = new();

    /// <summary>A page that fits one part is answered whole: its length is known, and a family that fails is an error page.</summary>
    public AdminResponse Answer(AdminRequest request)
    {
        var exposition = Exposition.For(request.Header("accept"));
        var isPacked = TakesGzip(request.Header("accept-encoding"));
        var answer = new AdminResponse(200, exposition.ContentType, default) { Encoding = isPacked ? "gzip" : null };
        var scrape = new Scrape(exposition, metrics.Steps(exposition), isPacked);
        if (Next(scrape))
        {
            if (request.Method == "HEAD") scrape.Dispose(); // There is more, and nobody will read it.
            return answer with { Parts = PartsAsync(scrape) };
        }

        using (scrape) return answer with { Body = scrape.Part.ToArray() };
    }

    /// <summary>Whether an Accept-Encoding header names gzip, and not to refuse it.</summary>
    internal static bool TakesGzip(string? header)
    {
        const string Weight = "q=";
        foreach (var range in (header ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            var words = range.Split(';', StringSplitOptions.TrimEntries);
            if (!words[0].Equals("gzip", StringComparison.OrdinalIgnoreCase)) continue;
            return words.Length == 1 || !words[1].StartsWith(Weight, StringComparison.OrdinalIgnoreCase)
                || words[1].AsSpan(Weight.Length).ContainsAnyExcept('0', '.');
        }

        return false;
    }

    /// <summary>The first part is written already; each is good until the next is asked for.</summary>
    private async IAsyncEnumerable<ReadOnlyMemory<byte>> PartsAsync(Scrape begun)
    {
        using var scrape = begun;
        for (var isMore = true; ; isMore = Next(scrape))
        {
            if (!scrape.Part.IsEmpty) yield return scrape.Part;
            if (!isMore) yield break;
            await Task.Yield(); // Others of the pool and other scrapes in between.
        }
    }

    private bool Next(Scrape scrape)
    {
        lock (_turn) return scrape.Next();
    }
}
