namespace Mesh.Bench;

/// <summary>A throw-away authority and two leaves, made once per run by openssl.</summary>
internal static class Pki
{
    public static void Make(string work)
    {
        if (File.Exists(Path.Combine(work, "server.pem"))) return;
        const string Key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        Shell.Run($"cd '{work}' && openssl req -x509 {Key} -keyout ca.key -out ca.pem -subj /CN=bench -days 2");
        foreach (var name in (string[])["client", "server"])
        {
            Shell.Run($"cd '{work}' && openssl req {Key} -keyout {name}.key -out {name}.csr -subj /CN={name} && "
                + $"openssl x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out {name}.crt -days 2 && cat {name}.crt {name}.key >{name}.pem");
        }
    }
}
