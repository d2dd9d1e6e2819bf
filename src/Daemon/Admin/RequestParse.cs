namespace Mesh.Daemon.Admin;

/// <summary>What became of the bytes received so far.</summary>
internal enum RequestParse
{
    NeedMoreBytes,
    Complete,
    Malformed,
    HeadTooLarge,
    BodyTooLarge,
    NotImplemented,
}
