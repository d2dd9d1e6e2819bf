using System.Collections.Immutable;
using System.Net;
using Mesh.Model;

namespace Mesh.Xds.Wire;

/// <summary>istio.security.Match and its values. Pure.</summary>
internal static class MatchWire
{
    public static void Encode(ProtoWriter writer, PolicyMatch match)
    {
        EncodeTexts(writer, 1, match.Namespaces);
        EncodeTexts(writer, 2, match.NotNamespaces);
        EncodeTexts(writer, 3, match.Principals);
        EncodeTexts(writer, 4, match.NotPrincipals);
        EncodeRanges(writer, 5, match.SourceIps);
        EncodeRanges(writer, 6, match.NotSourceIps);
        EncodeRanges(writer, 7, match.DestinationIps);
        EncodeRanges(writer, 8, match.NotDestinationIps);
        EncodePorts(writer, 9, match.DestinationPorts);
        EncodePorts(writer, 10, match.NotDestinationPorts);
        EncodeAccounts(writer, 11, match.ServiceAccounts);
        EncodeAccounts(writer, 12, match.NotServiceAccounts);
    }

    public static string? Decode(ReadOnlySpan<byte> message, WireDecoder shared, out PolicyMatch? match)
    {
        match = null;
        var draft = new PolicyMatch();
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            var problem = reader.Field switch
            {
                >= 1 and <= 4 when reader.Kind == WireKind.Bytes => ReadText(reader, shared, ref draft),
                >= 5 and <= 8 when reader.Kind == WireKind.Bytes => ReadRange(reader, ref draft),
                9 or 10 => ReadPorts(reader, ref draft),
                11 or 12 when reader.Kind == WireKind.Bytes => ReadAccount(reader, shared, ref draft),
                _ => null,
            };
            if (problem is not null) return problem;
        }
        if (reader.Malformed) return Problems.Malformed;
        match = draft;
        return null;
    }

    private static string? ReadText(in ProtoReader field, WireDecoder shared, ref PolicyMatch draft)
    {
        TextMatch? match = null;
        var reader = new ProtoReader(field.Bytes);
        while (reader.Next())
        {
            if (reader.Kind != WireKind.Bytes || reader.Field is < 1 or > 4) continue;
            if (shared.SharedText(reader) is not { } text) return Problems.NotUtf8;
            match = reader.Field == 4 ? new TextMatch(TextMatchKind.Presence, "") : new TextMatch((TextMatchKind)(reader.Field - 1), text);
        }
        if (reader.Malformed) return Problems.Malformed;
        if (match is not { } found) return Problems.EmptyTextMatch;
        draft = field.Field switch
        {
            1 => draft with { Namespaces = draft.Namespaces.Add(found) },
            2 => draft with { NotNamespaces = draft.NotNamespaces.Add(found) },
            3 => draft with { Principals = draft.Principals.Add(found) },
            _ => draft with { NotPrincipals = draft.NotPrincipals.Add(found) },
        };
        return null;
    }

    private static string? ReadRange(in ProtoReader field, ref PolicyMatch draft)
    {
        IPAddress? ip = null;
        ulong length = 0;
        var reader = new ProtoReader(field.Bytes);
        while (reader.Next())
        {
            if (reader.IsBytes(1)) ip = AddressWire.DecodeIp(reader.Bytes);
            else if (reader.IsNumber(2)) length = reader.Number;
        }
        if (reader.Malformed) return Problems.Malformed;
        if (ip is null) return Problems.AddressLength;
        if (length > (ulong)AddressWire.BitsOf(ip)) return Problems.PrefixRange;
        var range = new AddressRange(ip, (int)length);
        draft = field.Field switch
        {
            5 => draft with { SourceIps = draft.SourceIps.Add(range) },
            6 => draft with { NotSourceIps = draft.NotSourceIps.Add(range) },
            7 => draft with { DestinationIps = draft.DestinationIps.Add(range) },
            _ => draft with { NotDestinationIps = draft.NotDestinationIps.Add(range) },
        };
        return null;
    }

    private static string? ReadPorts(in ProtoReader field, ref PolicyMatch draft)
    {
        var ports = ImmutableArray.CreateBuilder<ushort>();
        if (field.Kind == WireKind.Varint)
        {
            if (field.Number > ushort.MaxValue) return Problems.PortRange;
            ports.Add((ushort)field.Number);
        }
        else if (field.Kind == WireKind.Bytes)
        {
            var packed = field.Bytes;
            bool malformed;
            while (ProtoReader.TryTakePacked(ref packed, out var port, out malformed))
            {
                if (port > ushort.MaxValue) return Problems.PortRange;
                ports.Add((ushort)port);
            }
            if (malformed) return Problems.Malformed;
        }
        draft = field.Field == 9
            ? draft with { DestinationPorts = draft.DestinationPorts.AddRange(ports) }
            : draft with { NotDestinationPorts = draft.NotDestinationPorts.AddRange(ports) };
        return null;
    }

    private static string? ReadAccount(in ProtoReader field, WireDecoder shared, ref PolicyMatch draft)
    {
        string ns = "", account = "";
        var reader = new ProtoReader(field.Bytes);
        while (reader.Next())
        {
            if (!reader.IsBytes(1) && !reader.IsBytes(2)) continue;
            if (shared.SharedText(reader) is not { } text) return Problems.NotUtf8;
            if (reader.Field == 1) ns = text;
            else account = text;
        }
        if (reader.Malformed) return Problems.Malformed;
        var match = new ServiceAccountMatch(ns, account);
        draft = field.Field == 11
            ? draft with { ServiceAccounts = draft.ServiceAccounts.Add(match) }
            : draft with { NotServiceAccounts = draft.NotServiceAccounts.Add(match) };
        return null;
    }

    private static void EncodeTexts(ProtoWriter writer, int field, ImmutableArray<TextMatch> texts)
    {
        foreach (var text in texts)
        {
            var start = writer.Begin(field);
            if (text.Kind == TextMatchKind.Presence) writer.End(writer.Begin(4));
            else writer.TextAlways((int)text.Kind + 1, text.Value);
            writer.End(start);
        }
    }

    private static void EncodeRanges(ProtoWriter writer, int field, ImmutableArray<AddressRange> ranges)
    {
        foreach (var range in ranges)
        {
            var start = writer.Begin(field);
            AddressWire.EncodeIp(writer, 1, range.Address);
            writer.Number(2, (ulong)range.PrefixLength);
            writer.End(start);
        }
    }

    private static void EncodePorts(ProtoWriter writer, int field, ImmutableArray<ushort> ports)
    {
        if (ports.Length == 0) return;
        var packed = writer.Begin(field);
        foreach (var port in ports) writer.Varint(port);
        writer.End(packed);
    }

    private static void EncodeAccounts(ProtoWriter writer, int field, ImmutableArray<ServiceAccountMatch> accounts)
    {
        foreach (var account in accounts)
        {
            var start = writer.Begin(field);
            writer.Text(1, account.Namespace);
            writer.Text(2, account.ServiceAccount);
            writer.End(start);
        }
    }
}
