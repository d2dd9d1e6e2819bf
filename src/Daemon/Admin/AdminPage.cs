namespace Mesh.Daemon.Admin;

/// <summary>Answers one request.</summary>
public delegate ValueTask<AdminResponse> AdminPage(AdminRequest request, CancellationToken stop);
