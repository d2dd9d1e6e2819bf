namespace Mesh.Bench.Variants;

/// <summary>No proxy: the most this machine can do.</summary>
internal sealed class Direct() : Variant("direct")
{
    public override void Start(Site site) => Site.Redirect();
}
