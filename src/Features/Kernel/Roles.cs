namespace KestrelVoice.Features.Kernel;

/// <summary>What a person is in a tenant. Each may do what the next one may, and more.</summary>
internal static class Roles
{
    /// <summary>Everything, and decides who the other owners are. Every tenant has one.</summary>
    public const string Owner = "owner";

    /// <summary>Manages keys, webhooks and people.</summary>
    public const string Admin = "admin";

    /// <summary>Works with calls and appointments.</summary>
    public const string Member = "member";

    /// <summary>Looks.</summary>
    public const string Viewer = "viewer";

    public static readonly IReadOnlyList<string> All = [Owner, Admin, Member, Viewer];

    private static readonly string[] ReadOnly = [Principal.Read];
    private static readonly string[] ReadAndWrite = [Principal.Read, Principal.Write];

    /// <summary>What a person of this role may do, in the words of a key's scopes.</summary>
    public static IReadOnlyList<string> ScopesOf(string role) => role is Viewer ? ReadOnly : ReadAndWrite;
}
