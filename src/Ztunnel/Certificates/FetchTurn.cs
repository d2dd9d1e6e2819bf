namespace Mesh.Ztunnel.Certificates;

/// <summary>One identity's place in <see cref="FetchTurns"/>, which guards all of it.</summary>
internal sealed class FetchTurn
{
    /// <summary>Where it waits; null when it does not.</summary>
    public LinkedListNode<FetchTurn>? Place { get; set; }

    /// <summary>Completes when its turn has come, or it was withdrawn.</summary>
    public TaskCompletionSource Come { get; set; } = new();

    /// <summary>A connection waits for the result of the fetch that is next or under way.</summary>
    public bool IsAwaited { get; set; }
}
