using System.Collections;

namespace Mesh.Ztunnel.Options;

/// <summary>The environment as a dictionary.</summary>
internal static class EnvironmentVariables
{
    public static Dictionary<string, string> Read()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            variables[(string)variable.Key] = (string?)variable.Value ?? "";
        }

        return variables;
    }
}
