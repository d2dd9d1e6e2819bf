using System.Globalization;

namespace Mesh.Linux.Tests;

public sealed class ProcessMemoryTests
{
    [Fact]
    public void Released_code_and_constants_leave_the_resident_set_and_come_back_when_they_are_used()
    {
        var before = FileResidentKilobytes();

        ProcessMemory.ReleaseCode();

        Assert.True(FileResidentKilobytes() < before, "nothing was released");
        // Code and constants of every library are still what they were.
        Assert.Equal("3.14", 3.14.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(32, System.Security.Cryptography.SHA256.HashData("abc"u8).Length);
    }

    [Fact]
    public void Addresses_that_the_loader_filled_in_survive_many_releases()
    {
        for (var i = 0; i < 20; i++)
        {
            ProcessMemory.ReleaseCode();
            Assert.NotEmpty(Directory.GetFiles("/proc/self/fd"));
            GC.Collect();
        }
    }

    private static long FileResidentKilobytes() =>
        long.Parse(
            File.ReadLines("/proc/self/status").Single(line => line.StartsWith("RssFile:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture);
}
