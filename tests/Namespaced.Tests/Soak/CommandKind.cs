namespace Mesh.Namespaced.Tests.Soak;

/// <summary>How one exchange goes. The request's bytes are the seed's pattern, the answer's are the next seed's.</summary>
internal enum CommandKind : byte
{
    /// <summary>The request in full, then the answer; more commands may follow on the connection.</summary>
    Exchange = 1,

    /// <summary>The client ends its direction behind the request; only then the server answers and ends.</summary>
    ClientEndsFirst,

    /// <summary>The server answers and ends its direction at once; only then the client sends its request and ends.</summary>
    ServerEndsFirst,
}
