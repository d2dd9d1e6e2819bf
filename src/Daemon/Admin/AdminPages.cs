using Mesh.Daemon.Metering;

namespace Mesh.Daemon.Admin;

/// <summary>Which page answers which method and path. Filled at start, then only read.</summary>
public sealed class AdminPages
{
    private readonly Dictionary<string, Dictionary<string, AdminPage>> _pages = new(StringComparer.Ordinal);

    public AdminPages Get(string path, AdminPage page) => Add("GET", path, page);

    public AdminPages Get(string path, Func<AdminRequest, AdminResponse> page) => Add("GET", path, (request, _) => new(page(request)));

    public AdminPages Post(string path, AdminPage page) => Add("POST", path, page);

    public AdminPages Post(string path, Func<AdminRequest, AdminResponse> page) => Add("POST", path, (request, _) => new(page(request)));

    /// <summary>The metrics page, in the format the scraper asks for, and packed if it can unpack; one page at all its paths.</summary>
    public AdminPages Metrics(Metrics metrics, params ReadOnlySpan<string> paths)
    {
        var page = new MetricsPage(metrics);
        foreach (var path in paths) Get(path, page.Answer);
        return this;
    }

    /// <summary>A readiness page: 200 when ready, else the status given and the names of what is pending.</summary>
    public AdminPages Ready(string path, Readiness readiness, int notReadyStatus = 503) =>
        Get(path, _ => readiness.IsReady ? AdminResponse.Text("ready\n") : AdminResponse.Text(readiness.Describe() + "\n", notReadyStatus));

    internal AdminPage Find(string method, string path)
    {
        if (!_pages.TryGetValue(path, out var methods)) return static (_, _) => new(AdminResponse.Text("not found\n", 404));
        if (methods.TryGetValue(method == "HEAD" ? "GET" : method, out var page)) return page;
        return static (_, _) => new(AdminResponse.Text("method not allowed\n", 405));
    }

    private AdminPages Add(string method, string path, AdminPage page)
    {
        if (!_pages.TryGetValue(path, out var methods)) _pages[path] = methods = new(StringComparer.Ordinal);
        methods.Add(method, page);
        return this;
    }
}
