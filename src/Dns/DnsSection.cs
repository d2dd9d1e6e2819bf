namespace Mesh.Dns;

/// <summary>Which part of a message a record stands in, in wire order.</summary>
public enum DnsSection
{
    Answer,
    Authority,
    Additional,
}
