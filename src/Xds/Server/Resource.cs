using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using Mesh.Model;
using Mesh.Xds.Wire;

namespace Mesh.Xds.Server;

/// <summary>One resource as all clients receive it: encoded once, versioned by its content. Immutable.</summary>
public sealed class Resource
{
    private readonly int _valueStart;

    private Resource(ResourceKind kind, string name, ReadOnlySpan<byte> value, ProtoWriter writer)
    {
        Kind = kind;
        Name = name;
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(value, digest);
        Version = BinaryPrimitives.ReadUInt64BigEndian(digest); // The same content has the same version on every replica.
        writer.Clear();
        // Policies go without a version: clients then get them in full on every reconnect, as they do from istiod.
        if (kind != ResourceKind.Policy) writer.Text(1, VersionText);
        var any = writer.Begin(2);
        writer.Text(1, kind == ResourceKind.Policy ? TypeUrls.Authorization : TypeUrls.Address);
        writer.Bytes(2, value);
        writer.End(any);
        _valueStart = writer.Written.Length - value.Length;
        writer.TextAlways(3, name);
        Encoded = writer.Written.ToArray();
        ValueLength = value.Length;
    }

    public ResourceKind Kind { get; }
    public string Name { get; }
    internal ulong Version { get; }
    internal string VersionText => Version.ToString("x16", CultureInfo.InvariantCulture);
    /// <summary>The Resource message without aliases, which are its last field.</summary>
    internal byte[] Encoded { get; }
    private int ValueLength { get; }
    /// <summary>The Any's value.</summary>
    internal ReadOnlySpan<byte> Value => Encoded.AsSpan(_valueStart, ValueLength);

    /// <summary>Other names it is found by: <c>network/ip</c>, or with a prefix length.</summary>
    public ImmutableArray<string> Aliases { get; private init; } = [];
    /// <summary>The node a workload runs on; empty otherwise.</summary>
    public string Node { get; private init; } = "";
    /// <summary>Resource names of the services that a workload backs.</summary>
    public ImmutableArray<string> Services { get; private init; } = [];

    public static Resource From(Workload workload)
    {
        var value = ResourceWire.Encode(workload, new ProtoWriter());
        return new Resource(ResourceKind.Workload, workload.Uid, value, new ProtoWriter())
        {
            Aliases = [.. workload.Addresses.Select(a => $"{workload.Network}/{a}")],
            Node = workload.Node,
            Services = [.. workload.Services.Select(s => s.Service.ToString())],
        };
    }

    public static Resource From(Service service)
    {
        var value = ResourceWire.Encode(service, new ProtoWriter());
        return new Resource(ResourceKind.Service, service.Key.ToString(), value, new ProtoWriter())
        {
            Aliases = [.. service.Addresses.Select(a => a.ToString())],
        };
    }

    public static Resource From(AuthorizationPolicy policy) =>
        new(ResourceKind.Policy, policy.Key, ResourceWire.Encode(policy, new ProtoWriter()), new ProtoWriter());
}
