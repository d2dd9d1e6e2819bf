namespace Mesh.Operator.Rules;

/// <summary>One thing a user has to change: the field, what it holds, what is wrong with it and the way out.</summary>
internal sealed record MeshProblem(string Field, string Message)
{
    public override string ToString() => $"{Field}: {Message}";
}
