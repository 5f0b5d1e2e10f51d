using System;
using System.Collections.Generic;

namespace HyperOS.Management.Identity;

/// <summary>A user, as stored.</summary>
internal sealed record UserDocument
{
    public required string Name { get; init; }

    public required Role Role { get; init; }

    /// <summary>See <see cref="PasswordHash"/>.</summary>
    public required string Password { get; init; }

    /// <summary>The password was made by the host, and is to be changed.</summary>
    public bool IsPasswordInitial { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required ulong Revision { get; init; }
}

/// <summary>A secret that stands for a user, as stored: a session or a token. Of the secret only the hash.</summary>
internal sealed record CredentialDocument
{
    /// <summary>Names it in the API; not secret.</summary>
    public required string Id { get; init; }

    public required string User { get; init; }

    /// <summary>SHA-256 of the secret, hexadecimal.</summary>
    public required string SecretHash { get; init; }

    /// <summary>A token's; a session is what its user is.</summary>
    public Role? Role { get; init; }

    /// <summary>Of a token: what its user calls it.</summary>
    public string? Name { get; init; }

    /// <summary>The VMs that a token is limited to, by name; null: all.</summary>
    public IReadOnlyList<string>? Vms { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Where a session came from.</summary>
    public string? Address { get; init; }
}
