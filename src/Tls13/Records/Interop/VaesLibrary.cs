using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Mesh.Tls13.Records.Interop;

/// <summary>
/// AES-GCM of the Intel multi-buffer library, where it is installed and the processor has VAES with 512-bit vectors: several times
/// OpenSSL 3.0's speed. Looked for once, believed only after it has agreed with OpenSSL. Any thread.
/// </summary>
internal static unsafe class VaesLibrary
{
    /// <summary>What the 128- and 256-bit functions need of memory for a key, and for one call (intel-ipsec-mb.h, frozen with the soname).</summary>
    public const int KeyBytes = 1024;
    public const int ContextBytes = 128;
    public const int Alignment = 64;

    private const string Soname = "libIPSec_MB.so.1";
    private static readonly string[] s_processorFlags = ["avx512f", "avx512dq", "avx512bw", "avx512vl", "vaes", "vpclmulqdq"];

    private static readonly nint s_library = HasProcessor() && NativeLibrary.TryLoad(Soname, out var library) ? library : 0;
    private static readonly nint s_expand128 = Find("aes_gcm_pre_128_vaes_avx512");
    private static readonly nint s_expand256 = Find("aes_gcm_pre_256_vaes_avx512");
    private static readonly nint s_seal128 = Find("aes_gcm_enc_128_vaes_avx512");
    private static readonly nint s_seal256 = Find("aes_gcm_enc_256_vaes_avx512");
    private static readonly nint s_open128 = Find("aes_gcm_dec_128_vaes_avx512");
    private static readonly nint s_open256 = Find("aes_gcm_dec_256_vaes_avx512");

    /// <summary>Whether it can be used here.</summary>
    public static bool IsAvailable { get; } =
        s_expand128 != 0 && s_expand256 != 0 && s_seal128 != 0 && s_seal256 != 0 && s_open128 != 0 && s_open256 != 0 && AgreesWithOpenSsl();

    /// <summary>Writes the expanded key of 16 or 32 bytes to aligned memory of <see cref="KeyBytes"/>.</summary>
    public static void Expand(ReadOnlySpan<byte> key, byte* expanded)
    {
        fixed (byte* source = key) ((delegate* unmanaged<byte*, byte*, void>)(key.Length == 16 ? s_expand128 : s_expand256))(source, expanded);
    }

    /// <summary>Seals in place.</summary>
    public static void Seal(bool is128, byte* key, byte* context, byte* text, int textBytes, byte* nonce, byte* header, int headerBytes, byte* tag) =>
        Run(is128 ? s_seal128 : s_seal256, key, context, text, textBytes, nonce, header, headerBytes, tag);

    /// <summary>Opens in place and writes the tag that the text should have had; the caller compares.</summary>
    public static void Open(bool is128, byte* key, byte* context, byte* text, int textBytes, byte* nonce, byte* header, int headerBytes, byte* tag) =>
        Run(is128 ? s_open128 : s_open256, key, context, text, textBytes, nonce, header, headerBytes, tag);

    private static void Run(nint function, byte* key, byte* context, byte* text, int textBytes, byte* nonce, byte* header, int headerBytes, byte* tag) =>
        ((delegate* unmanaged<byte*, byte*, byte*, byte*, ulong, byte*, byte*, ulong, byte*, ulong, void>)function)(
            key, context, text, text, (ulong)textBytes, nonce, header, (ulong)headerBytes, tag, RecordLimits.TagBytes);

    private static nint Find(string name) => s_library != 0 && NativeLibrary.TryGetExport(s_library, name, out var found) ? found : 0;

    /// <summary>The kernel names only what it has switched on, which asking the processor itself would not tell.</summary>
    private static bool HasProcessor()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64) return false;
        try
        {
            foreach (var line in File.ReadLines("/proc/cpuinfo"))
            {
                if (!line.StartsWith("flags", StringComparison.Ordinal)) continue;
                var flags = line.Split(' ');
                return Array.TrueForAll(s_processorFlags, flag => Array.IndexOf(flags, flag) >= 0);
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Then nobody says that the processor can.
        }
        return false;
    }

    /// <summary>A library that another version or a broken package changed must not be found out by a peer.</summary>
    private static bool AgreesWithOpenSsl()
    {
        ReadOnlySpan<int> lengths = [1, 15, 16, 17, 255, 256, 1025, RecordLimits.PayloadBytesMax + 1];
        var seed = new byte[32 + 12 + 5];
        for (var i = 0; i < seed.Length; i++) seed[i] = (byte)(i * 37 + 11);
        foreach (var keyBytes in (ReadOnlySpan<int>)[16, 32])
        {
            using var reference = new AesGcm(seed.AsSpan(0, keyBytes), RecordLimits.TagBytes);
            using var ours = new VaesKey(seed.AsSpan(0, keyBytes));
            foreach (var length in lengths)
            {
                if (!Agrees(reference, ours, seed.AsSpan(32, 12), seed.AsSpan(44, 5), length)) return false;
            }
        }
        return true;
    }

    private static bool Agrees(AesGcm reference, VaesKey ours, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> header, int length)
    {
        var plain = new byte[length];
        for (var i = 0; i < length; i++) plain[i] = (byte)i;
        byte[] expected = [.. plain], actual = [.. plain];
        byte[] expectedTag = new byte[RecordLimits.TagBytes], actualTag = new byte[RecordLimits.TagBytes];
        reference.Encrypt(nonce, expected, expected, expectedTag, header);
        ours.Seal(nonce, actual, actualTag, header);
        if (!actual.AsSpan().SequenceEqual(expected) || !actualTag.AsSpan().SequenceEqual(expectedTag)) return false;
        return ours.TryOpen(nonce, actual, actualTag, header) && actual.AsSpan().SequenceEqual(plain);
    }
}
