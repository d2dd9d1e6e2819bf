using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Mesh.Kubernetes.Tests.Support;

/// <summary>What API servers say, in the form in which they say it.</summary>
internal static class Answers
{
    public static Task JsonAsync(this HttpResponse response, string json, int status = 200)
    {
        response.StatusCode = status;
        response.ContentType = "application/json";
        return response.WriteAsync(json);
    }

    public static Task StatusAsync(this HttpResponse response, int code, string reason, string message, string details = "{}") => response.JsonAsync(
        $$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"{{message}}","reason":"{{reason}}","details":{{details}},"code":{{code}}}""",
        code);

    public static string Pod(string name, int version, string node = "a", string labels = "{}", string space = "shop") =>
        $$$"""
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"{{{name}}}","namespace":"{{{space}}}","uid":"uid-{{{name}}}","resourceVersion":"{{{version.ToString(CultureInfo.InvariantCulture)}}}","labels":{{{labels}}}},"spec":{"nodeName":"{{{node}}}"},"status":{"phase":"Running"}}
        """.Trim();

    public static string List(int version, params string[] items) => List(version, next: "", items);

    public static string List(int version, string next, string[] items) =>
        $$"""{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"{{version.ToString(CultureInfo.InvariantCulture)}}","continue":"{{next}}"},"items":[{{string.Join(',', items)}}]}""";

    public static string Line(string type, string json) => $$"""{"type":"{{type}}","object":{{json}}}""" + "\n";

    public static string Bookmark(int version) =>
        Line("BOOKMARK", $$$"""{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"{{{version.ToString(CultureInfo.InvariantCulture)}}}","creationTimestamp":null},"spec":{"containers":null},"status":{}}""");

    public static string Gone() =>
        Line("ERROR", """{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (9)","reason":"Expired","code":410}""");
}
