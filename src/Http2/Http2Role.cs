namespace Mesh.Http2;

/// <summary>Which end of the connection this engine is: the client opens streams, the server answers them.</summary>
public enum Http2Role
{
    Client,
    Server,
}
