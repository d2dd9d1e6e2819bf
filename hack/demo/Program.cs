using Mesh.Demo;
using Mesh.Demo.Delivery;
using Mesh.Demo.Proof;

// mesh-demo deliver | install | prove | uninstall: what `make up`, `make demo` and the end-to-end tests share.
var cluster = Cluster.Current();
try
{
    switch (args.FirstOrDefault())
    {
        case "preflight":
            await Preflight.CheckAsync(cluster);
            break;
        case "deliver":
            await ImageDelivery.DeliverAsync(cluster, args.Skip(1));
            break;
        case "install":
            await Installation.InstallAsync(cluster, Console.WriteLine);
            break;
        case "prove":
            await ProveAsync();
            break;
        case "uninstall":
            await Installation.UninstallAsync(cluster, Console.WriteLine);
            break;
        default:
            Console.Error.WriteLine("usage: mesh-demo preflight | deliver ARCHIVE... | install | prove | uninstall");
            return 2;
    }

    return 0;
}
catch (DemoException failure)
{
    Console.Error.WriteLine($"✗ {failure.Step}\n  seen: {failure.Seen}");
    return 1;
}

async Task ProveAsync()
{
    var walk = new Walk(cluster);
    foreach (var (sentence, prove) in walk.Steps)
    {
        var begin = DateTime.UtcNow;
        var evidence = await prove();
        Console.WriteLine($"✓ {sentence}  ({(DateTime.UtcNow - begin).TotalSeconds:0.0} s)\n      {evidence}");
    }
}
