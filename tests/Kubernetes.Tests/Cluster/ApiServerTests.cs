namespace Mesh.Kubernetes.Tests.Cluster;

/// <summary>One server for all of them.</summary>
[CollectionDefinition("Cluster")]
public sealed class ApiServerTests : ICollectionFixture<ApiServer>;
