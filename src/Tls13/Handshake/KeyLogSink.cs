namespace Mesh.Tls13.Handshake;

/// <summary>
/// Takes the lines of a key log ("LABEL client-random secret", no line end), for debugging only: whoever reads them can read the
/// connection. Called on the thread that drives the handshake; must not throw.
/// </summary>
public delegate void KeyLogSink(ReadOnlySpan<byte> line);
