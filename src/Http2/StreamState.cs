namespace Mesh.Http2;

/// <summary>RFC 9113, 5.1, without the states that a table need not hold: idle and closed streams are not in it.</summary>
public enum StreamState : byte
{
    Open,

    /// <summary>We ended our direction.</summary>
    HalfClosedLocal,

    /// <summary>The peer ended its direction.</summary>
    HalfClosedRemote,

    /// <summary>Both ended; kept until its owner has consumed what it received.</summary>
    Closed,
}
