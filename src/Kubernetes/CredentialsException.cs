namespace Mesh.Kubernetes;

/// <summary>There is no usable way into the API server; the message names the file, the field and the way out.</summary>
public sealed class CredentialsException(string message, Exception? inner = null) : Exception(message, inner);
