namespace Mesh.Tls13;

/// <summary>Which end of a connection we are.</summary>
public enum TlsRole
{
    Client,
    Server,
}
