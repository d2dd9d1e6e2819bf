using Mesh.Linux;
using Mesh.Ztunnel.Certificates;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Ztunnel.Tests.Certificates;

public sealed class KeyLogFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _folder = Directory.CreateTempSubdirectory("mesh-keylog-").FullName;

    private string FilePath => Path.Combine(_folder, "keys");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Nobody_but_the_owner_may_read_it_even_if_it_was_there_before()
    {
        File.WriteAllText(FilePath, "kept\n");
        File.SetUnixFileMode(FilePath, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        using var log = KeyLogFile.TryOpen(FilePath, NullLogger.Instance, out var problem)!;
        Assert.Null(problem);
        log.Write("LABEL 00 11"u8);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(FilePath));
        Assert.Equal("kept\nLABEL 00 11\n", File.ReadAllText(FilePath));
    }

    [Fact]
    public void Two_processes_add_to_one_file_without_overwriting_each_other()
    {
        using var one = KeyLogFile.TryOpen(FilePath, NullLogger.Instance, out _)!;
        using var other = KeyLogFile.TryOpen(FilePath, NullLogger.Instance, out _)!;
        one.Write("a"u8);
        other.Write("b"u8);
        one.Write("c"u8);
        Assert.Equal("a\nb\nc\n", File.ReadAllText(FilePath));
    }

    [Fact]
    public void It_stops_at_its_limit_between_two_lines()
    {
        Assert.Equal(Errno.None, AppendFile.TryOpen(FilePath, OwnerOnly, out var file));
        using var log = new KeyLogFile(file!, NullLogger.Instance, bytesMax: 10);
        log.Write("12345678"u8);
        log.Write("9"u8);
        log.Write(""u8);
        Assert.Equal("12345678\n", File.ReadAllText(FilePath));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_told()
    {
        Assert.Null(KeyLogFile.TryOpen(Path.Combine(_folder, "absent", "keys"), NullLogger.Instance, out var problem));
        Assert.Equal("NotFound", problem);
    }
}
