using Mesh.Xds.Client;
using Mesh.Xds.Grpc;

namespace Mesh.Fuzz.Targets;

/// <summary>gRPC framing and the fields of a delta response, read from a stream.</summary>
internal sealed class DeltaResponseTarget() : Target("xds-response")
{
    private const int MessageBytesMax = 8192;

    public override byte[] Make(Random random)
    {
        var message = new List<byte>();
        for (var i = random.Next(6); i >= 0; i--)
        {
            var word = Texts.Latin1(Texts.Word(random));
            message.AddRange([(byte)((1 + random.Next(7)) << 3 | 2), (byte)word.Length, .. word]);
            if (random.Next(3) == 0) message.AddRange([0x40, 0x96, 0x01]);
        }

        var frame = new byte[GrpcPrefix.Size];
        GrpcPrefix.Write(frame, message.Count);
        return [.. frame, .. message];
    }

    public override bool Try(byte[] input, Random random)
    {
        using var stream = new MemoryStream(input);
        using var reader = new DeltaResponseReader(stream, MessageBytesMax);
        var messages = 0;
        // Memory streams answer at once, so the tasks are complete.
        while (Now(reader.NextMessageAsync(CancellationToken.None)) == GrpcRead.Message)
        {
            Require(++messages <= input.Length, "messages end with their bytes");
            var fields = 0;
            GrpcRead read;
            while ((read = Now(reader.NextFieldAsync(CancellationToken.None))) == GrpcRead.Message)
            {
                Require(reader.Current.Length is > 0 and <= MessageBytesMax, "a field is bounded by its message");
                Require(++fields <= MessageBytesMax, "fields end with their message");
            }

            if (read != GrpcRead.End) return false;
        }

        return messages > 0;
    }

    private static GrpcRead Now(ValueTask<GrpcRead> task)
    {
        Require(task.IsCompletedSuccessfully, "a reader does not wait for bytes that are there, and does not throw");
#pragma warning disable VSTHRD002 // It has completed.
        return task.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
    }
}
