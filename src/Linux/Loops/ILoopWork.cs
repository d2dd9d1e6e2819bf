namespace Mesh.Linux.Loops;

/// <summary>A piece of work handed to a loop from elsewhere; the object is the only allocation.</summary>
public interface ILoopWork
{
    void Run();
}
