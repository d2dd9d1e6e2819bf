using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Mesh.Tls13.Records;
using Mesh.Tls13.Records.Interop;

namespace Mesh.Tls13.Tests;

/// <summary>The fast AES-GCM and OpenSSL's do the same, to the bit.</summary>
public sealed class RecordCipherTests
{
    private static readonly byte[] s_nonce = Enumerable.Range(3, 12).Select(i => (byte)i).ToArray();
    private static readonly byte[] s_header = [23, 3, 3, 0, 99];

    [Fact]
    public void On_a_processor_with_wide_vectors_the_installed_library_is_used()
    {
        var flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        if (!flags.Contains(" vaes", StringComparison.Ordinal) || !flags.Contains(" avx512vl", StringComparison.Ordinal))
            Assert.Skip("this processor has no VAES with 512-bit vectors");
        if (!NativeLibrary.TryLoad("libIPSec_MB.so.1", out _)) Assert.Skip("Debian's libipsec-mb1 is not installed");
        Assert.True(VaesLibrary.IsAvailable);
        Assert.Contains("IPSec_MB", TlsSession.CipherLibrary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    public void Both_libraries_seal_every_length_to_the_same_bytes_and_open_each_others(int keyBytes)
    {
        SkipWithoutWide();
        var random = new Random(keyBytes);
        var key = new byte[keyBytes];
        random.NextBytes(key);
        using var wide = new RecordCipher(key);
        using var portable = new RecordCipher(key, allowWide: false);
        byte[] wideTag = new byte[16], portableTag = new byte[16];
        foreach (var length in Enumerable.Range(1, 1100).Append(4097).Append(16384).Append(16385))
        {
            var plain = new byte[length];
            random.NextBytes(plain);
            byte[] byWide = [.. plain], byPortable = [.. plain];
            wide.Seal(s_nonce, byWide, wideTag, s_header);
            portable.Seal(s_nonce, byPortable, portableTag, s_header);
            Assert.Equal(byPortable, byWide);
            Assert.Equal(portableTag, wideTag);
            Assert.True(portable.TryOpen(s_nonce, byWide, wideTag, s_header));
            Assert.True(wide.TryOpen(s_nonce, byPortable, portableTag, s_header));
            Assert.Equal(plain, byWide);
            Assert.Equal(plain, byPortable);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_changed_bit_anywhere_is_refused_and_leaves_no_plain_text(bool allowWide)
    {
        using var cipher = new RecordCipher(RandomNumberGenerator.GetBytes(16), allowWide);
        var plain = Enumerable.Repeat((byte)'x', 40).ToArray();
        byte[] sealedText = [.. plain], tag = new byte[16];
        cipher.Seal(s_nonce, sealedText, tag, s_header);
        for (var bit = 0; bit < (sealedText.Length + tag.Length + s_header.Length + s_nonce.Length) * 8; bit++)
        {
            byte[] all = [.. sealedText, .. tag, .. s_header, .. s_nonce];
            all[bit / 8] ^= (byte)(1 << (bit % 8));
            var text = all.AsSpan(0, 40);
            Assert.False(cipher.TryOpen(all.AsSpan(61), text, all.AsSpan(40, 16), all.AsSpan(56, 5)), $"bit {bit}");
            Assert.False(text.IndexOf("xxx"u8) >= 0, $"bit {bit}");
        }
        Assert.True(cipher.TryOpen(s_nonce, sealedText, tag, s_header));
        Assert.Equal(plain, sealedText);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sealing_and_opening_allocate_nothing(bool allowWide)
    {
        using var cipher = new RecordCipher(RandomNumberGenerator.GetBytes(16), allowWide);
        byte[] text = new byte[16384], tag = new byte[16];
        // The runtime allocates on this thread when it recompiles a method, once; an allocation of ours is there in every batch.
        var least = long.MaxValue;
        for (var batch = 0; batch < 4 && least > 0; batch++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
            {
                cipher.Seal(s_nonce, text, tag, s_header);
                cipher.TryOpen(s_nonce, text, tag, s_header);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private static void SkipWithoutWide()
    {
        if (!VaesLibrary.IsAvailable) Assert.Skip("libipsec-mb1 or a processor with VAES and AVX-512 is missing");
    }
}
