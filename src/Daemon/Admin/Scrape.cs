using System.IO.Compression;
using Mesh.Daemon.Metering;

namespace Mesh.Daemon.Admin;

/// <summary>One answer of a <see cref="MetricsPage"/> in the making: its next part, packed or not. One thread at a time.</summary>
internal sealed class Scrape : IDisposable
{
    private const int PartBytes = 32 * 1024;
    private readonly Exposition _exposition;
    private readonly IEnumerator<int> _steps;
    private readonly MemoryStream _packed = new();
    private readonly GZipStream? _packer;

    public Scrape(Exposition exposition, IEnumerable<int> steps, bool isPacked)
    {
        (_exposition, _steps) = (exposition, steps.GetEnumerator());
        if (isPacked) _packer = new GZipStream(_packed, CompressionLevel.Fastest, leaveOpen: true);
    }

    /// <summary>What is ready to be sent, good until the next part is made; may be nothing yet when packed.</summary>
    public ReadOnlyMemory<byte> Part => _packer is null ? _exposition.Written : _packed.GetBuffer().AsMemory(0, (int)_packed.Length);

    /// <summary>Makes the next part; false when it is the last.</summary>
    public bool Next()
    {
        _exposition.Empty();
        var isMore = Fill();
        if (!isMore) _exposition.End();
        if (_packer is null) return isMore;
        _packed.SetLength(0);
        _packer.Write(_exposition.Written.Span);
        if (!isMore) _packer.Dispose(); // Writes the rest.
        return isMore;
    }

    public void Dispose()
    {
        _steps.Dispose();
        _packer?.Dispose();
    }

    private bool Fill()
    {
        while (_steps.MoveNext())
        {
            if (_steps.Current >= PartBytes) return true;
        }

        return false;
    }
}
