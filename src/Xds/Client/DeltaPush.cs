using System.Text;
using Mesh.Model;
using Mesh.Xds.Protos;
using Mesh.Xds.Grpc;
using Mesh.Xds.Wire;
using Service = Mesh.Model.Service;
using Workload = Mesh.Model.Workload;

namespace Mesh.Xds.Client;

/// <summary>
/// One DeltaDiscoveryResponse while it arrives: decodes resources, gathers batches and reasons to reject. A version is held only when its
/// batch was applied: of a push that breaks off, the server must send the rest again.
/// </summary>
internal sealed class DeltaPush(
    int batchResources, WireDecoder decoder, Func<string, DeltaSubscription?> find, Action<DeltaClientEvent> observe)
{
    private const int ReasonsBytesMax = 4096;

    private readonly StringBuilder _reasons = new();
    private string _batchType = "";
    private List<Workload> _workloads = [];
    private List<Service> _services = [];
    private List<AuthorizationPolicy> _policies = [];
    private readonly List<(DeltaSubscription Subscription, string Name, string Version)> _decoded = [];
    private List<string> _removed = [];
    private string _nonce = "";

    public string TypeUrl { get; private set; } = "";
    public int Resources { get; private set; }
    public int RemovedCount { get; private set; }
    public int Rejected { get; private set; }

    public bool IsBatchFull => _workloads.Count + _services.Count + _policies.Count >= batchResources;

    /// <summary>Takes one field of the response, its tag included; false when the bytes are not protobuf.</summary>
    public bool TryAdd(ReadOnlySpan<byte> fieldBytes)
    {
        var field = new ProtoReader(fieldBytes);
        while (field.Next())
        {
            if (field.Kind != WireKind.Bytes) continue;
            switch (field.Field)
            {
                case 2: if (!TryAddResource(field.Bytes)) return false; break;
                case 4: TypeUrl = decoder.SharedText(field) ?? ""; break;
                case 5: _nonce = field.Text() ?? ""; break;
                case 6: _removed.Add(field.Text() ?? ""); break;
                default: break;
            }
        }
        return !field.Malformed;
    }

    /// <summary>The whole response is here: settles what is gone.</summary>
    public void Finish(DeltaSubscription subscription)
    {
        if (subscription.Unlisted is { } unlisted)
        {
            _removed.AddRange(unlisted);
            subscription.Unlisted = null;
        }
        RemovedCount = _removed.Count;
    }

    public DeltaBatch TakeBatch(bool endOfPush)
    {
        var batch = new DeltaBatch
        {
            TypeUrl = endOfPush ? TypeUrl : _batchType,
            Workloads = _workloads,
            Services = _services,
            Policies = _policies,
            Removed = endOfPush ? _removed : [],
            EndOfPush = endOfPush,
            Rejected = endOfPush ? Rejected : 0,
        };
        (_workloads, _services, _policies) = ([], [], []);
        if (endOfPush) _removed = [];
        return batch;
    }

    /// <summary>The batch was applied: from now on its versions are held, and what it removed is not.</summary>
    public void Commit(DeltaBatch applied)
    {
        foreach (var (subscription, name, version) in _decoded) subscription.Held.Set(name, version);
        _decoded.Clear();
        if (applied.Removed.Count == 0 || find(applied.TypeUrl) is not { } owner) return;
        foreach (var name in applied.Removed) owner.Held.Remove(name);
    }

    /// <summary>The acknowledgement, or the rejection that names each bad resource.</summary>
    public DeltaDiscoveryRequest Answer()
    {
        var answer = new DeltaDiscoveryRequest { TypeUrl = TypeUrl, ResponseNonce = _nonce };
        if (Rejected > 0) answer.ErrorDetail = new Status { Code = (int)GrpcCode.InvalidArgument, Message = _reasons.ToString() };
        return answer;
    }

    private bool TryAddResource(ReadOnlySpan<byte> resource)
    {
        string version = "", name = "";
        string? type = null;
        ReadOnlySpan<byte> value = default;
        var reader = new ProtoReader(resource);
        while (reader.Next())
        {
            if (reader.Kind != WireKind.Bytes) continue;
            if (reader.Field == 1) version = reader.Text() ?? "";
            else if (reader.Field == 3) name = reader.Text() ?? "";
            else if (reader.Field == 2 && !TryOpenAny(reader.Bytes, out type, out value)) return false;
        }
        if (reader.Malformed) return false;
        Resources++;
        var subscription = find(type ?? "");
        subscription?.Unlisted?.Remove(name); // It exists, even if we do not understand it.
        var isKept = false;
        var problem = subscription is null ? $"unexpected type {type}" : Decode(type!, name, value, out isKept);
        // What is kept although it was rejected is held without its version: it is sent again, and its end is told.
        if (isKept) _decoded.Add((subscription!, name, problem is null ? version : ""));
        if (problem is not null) Reject(type ?? "", name, problem);
        return true;
    }

    private string? Decode(string type, string name, ReadOnlySpan<byte> value, out bool isKept)
    {
        if (type == TypeUrls.Address)
        {
            var problem = ResourceWire.DecodeAddress(value, decoder, name, out var workload, out var service);
            if (workload is not null) _workloads.Add(workload);
            if (service is not null) _services.Add(service);
            _batchType = type;
            isKept = problem is null;
            return problem;
        }
        var policyProblem = PolicyWire.Decode(value, decoder, out var policy);
        if (policy is not null) _policies.Add(policy);
        _batchType = type;
        isKept = policy is not null;
        return policyProblem;
    }

    private bool TryOpenAny(ReadOnlySpan<byte> any, out string? type, out ReadOnlySpan<byte> value)
    {
        type = null;
        value = default;
        var reader = new ProtoReader(any);
        while (reader.Next())
        {
            if (reader.IsBytes(1)) type = decoder.SharedText(reader);
            else if (reader.IsBytes(2)) value = reader.Bytes;
        }
        return !reader.Malformed;
    }

    private void Reject(string type, string name, string problem)
    {
        Rejected++;
        if (_reasons.Length < ReasonsBytesMax) _reasons.Append(name).Append(": ").Append(problem).Append("; ");
        observe(new DeltaClientEvent.ResourceRejected(type, name, problem));
    }
}
