using System.Buffers.Text;
using System.Text;

namespace Mesh.ControlPlane.Tests.Serve;

/// <summary>Tokens that look like a service account's; whether they are anybody's is for the review to say.</summary>
internal static class Tokens
{
    public static string Create(string ns, string account, string audience = "istio-ca", long? end = null, string more = "") => Of(
        $$"""{"aud":["{{audience}}"],"exp":{{end ?? 4102444800}},"sub":"system:serviceaccount:{{ns}}:{{account}}"{{more}}}""");

    public static string Of(string payload) =>
        $"{Base64Url.EncodeToString("""{"alg":"RS256"}"""u8)}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}.c2lnbmF0dXJl";
}
