namespace Mesh.Xds.Server;

/// <summary>A request for a certificate: PEM signing request, seconds asked for, and the identity when it is not the caller's own.</summary>
public sealed record CertificateQuestion(string SigningRequestPem, long ValiditySeconds, string? ImpersonatedIdentity);
