namespace Mesh.Model;

/// <summary>Who may look the service up (istio.workload.Visibility).</summary>
public enum ServiceVisibility
{
    Public = 0,
    Namespace = 1,
}
