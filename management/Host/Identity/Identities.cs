using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Management.Api;
using HyperOS.Management.Audit;
using HyperOS.Management.Configuration;
using Microsoft.AspNetCore.Http;

namespace HyperOS.Management.Identity;

/// <summary>Who a request is from.</summary>
/// <param name="User">By name.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Credential">The session or token.</param>
/// <param name="IsSession">By cookie, so that its origin matters.</param>
internal sealed record Caller(string User, Role Role, CredentialDocument Credential, bool IsSession)
{
    /// <summary>Whether the VM is among those that the token is limited to.</summary>
    public bool MaySee(string vm) => Credential.Vms is null || Credential.Vms.Contains(vm, StringComparer.Ordinal);
}

/// <summary>Users, their sessions and their tokens. One writer; what is stored is what is in memory.</summary>
internal sealed class Identities
{
    public const int MaxUsers = 1000, MaxSessionsPerUser = 32, MaxTokensPerUser = 100;

    public static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(12);

    private const string UserPrefix = "users/", SessionPrefix = "sessions/", TokenPrefix = "tokens/";
    private const string TokenMark = "hos_";
    private const int MaxWaiting = 64;

    private readonly Lock _lock = new();
    private readonly IConfigurationStore _store;
    private readonly TimeProvider _time;
    private readonly LoginThrottle _throttle;
    private readonly AuditLog _audit;
    private readonly Dictionary<string, UserDocument> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CredentialDocument> _sessions = new(StringComparer.Ordinal), _tokens = new(StringComparer.Ordinal);

    // One after another: they take a processor for a third of a second each.
    private readonly SemaphoreSlim _hashing = new(1);
    private int _waiting;

    public Identities(IConfigurationStore store, TimeProvider time, LoginThrottle throttle, AuditLog audit)
    {
        (_store, _time, _throttle, _audit) = (store, time, throttle, audit);
        Load(UserPrefix, ApiJson.Default.UserDocument, user => _users[user.Name] = user);
        Load(SessionPrefix, ApiJson.Default.CredentialDocument, session => _sessions[session.SecretHash] = session);
        Load(TokenPrefix, ApiJson.Default.CredentialDocument, token => _tokens[token.SecretHash] = token);
    }

    /// <summary>Makes the first user, if there is none.</summary>
    /// <returns>Its password, which is told once, or null.</returns>
    public string? MakeFirstUser()
    {
        lock (_lock)
        {
            if (_users.Count > 0)
                return null;
            string password = PasswordHash.MakeRandom();
            Save(new UserDocument
            {
                Name = "admin", Role = Role.Administrator, Password = PasswordHash.OfRandom(password), IsPasswordInitial = true, CreatedAt = _time.GetUtcNow(), Revision = 1,
            });
            return password;
        }
    }

    public IReadOnlyList<UserDocument> Users
    {
        get
        {
            lock (_lock)
                return [.. _users.Values];
        }
    }

    public UserDocument? FindUser(string name)
    {
        lock (_lock)
            return _users.GetValueOrDefault(name);
    }

    /// <summary>Begins a session, if name and password are right.</summary>
    /// <returns>The session and its secret.</returns>
    public async Task<Outcome<(CredentialDocument Session, string Secret, UserDocument User)>> SignInAsync(string name, string password, string address)
    {
        UserDocument? user = FindUser(name);
        if (await VerifyAsync(name, user, password, address, "session.create") is ApiProblem problem)
            return problem;
        (CredentialDocument session, string secret) = Make(name, "", _time.GetUtcNow() + SessionLifetime) is var made ? (made.Document with { Address = address }, made.Secret) : default;
        lock (_lock)
        {
            CredentialDocument[] own = [.. _sessions.Values.Where(other => other.User == name).OrderBy(other => other.CreatedAt)];
            List<DocumentChange> changes = [.. own.Where(IsOver).Concat(own.Take(own.Length - MaxSessionsPerUser + 1)).Distinct().Select(old => Remove(_sessions, SessionPrefix, old))];
            changes.Add(Put(SessionPrefix, session));
            _store.Commit(changes);
            _sessions[session.SecretHash] = session;
        }
        _audit.Write(name, address, "session.create", session.Id);
        return (session, secret, user!);
    }

    /// <summary>Whom a secret stands for.</summary>
    /// <returns>Null if it is none, or no more.</returns>
    public Caller? Identify(string secret, bool isSession)
    {
        string hash = HashOf(secret);
        lock (_lock)
        {
            CredentialDocument? credential = (isSession ? _sessions : _tokens).GetValueOrDefault(hash);
            if (credential is null || IsOver(credential) || !_users.TryGetValue(credential.User, out UserDocument? user))
                return null;
            Role role = credential.Role is Role limited && limited < user.Role ? limited : user.Role;
            return new Caller(user.Name, role, credential, isSession);
        }
    }

    public IReadOnlyList<CredentialDocument> Sessions(string user) => Own(_sessions, user);

    public IReadOnlyList<CredentialDocument> Tokens(string? user)
    {
        lock (_lock)
            return [.. _tokens.Values.Where(token => user is null || token.User == user)];
    }

    public bool EndSession(string id, string user) => End(_sessions, SessionPrefix, id, user);

    public bool EndToken(string id, string? user) => End(_tokens, TokenPrefix, id, user);

    public Outcome<(CredentialDocument Token, string Secret)> MakeToken(Caller caller, string name, Role role, IReadOnlyList<string>? vms, DateTimeOffset? expiresAt)
    {
        lock (_lock)
        {
            if (_tokens.Values.Count(token => token.User == caller.User) >= MaxTokensPerUser)
                return ApiProblem.Conflict("tooManyTokens", "Too many tokens", $"A user has at most {MaxTokensPerUser} tokens.", "Delete one first.");
            (CredentialDocument token, string secret) = Make(caller.User, TokenMark, expiresAt);
            token = token with { Name = name, Role = role, Vms = vms };
            _store.Commit(Put(TokenPrefix, token));
            _tokens[token.SecretHash] = token;
            return (token, secret);
        }
    }

    public async Task<Outcome<UserDocument>> MakeUserAsync(string name, Role role, string password)
    {
        string hash = await HashAsync(password);
        lock (_lock)
        {
            if (_users.ContainsKey(name))
                return ApiProblem.Conflict("nameTaken", "The name is taken", $"There is a user \"{name}\".", "Choose another name.");
            if (_users.Count >= MaxUsers)
                return ApiProblem.Conflict("tooManyUsers", "Too many users", $"There are at most {MaxUsers} users.");
            UserDocument user = new() { Name = name, Role = role, Password = hash, CreatedAt = _time.GetUtcNow(), Revision = 1 };
            Save(user);
            return user;
        }
    }

    /// <summary>Changes a user's role, or password, or both; a new password ends its sessions but the one that asked.</summary>
    public async Task<Outcome<UserDocument>> ChangeUserAsync(string name, Func<ulong, ApiProblem?> precondition, Role? role, string? password, string? keptSession)
    {
        string? hash = password is null ? null : await HashAsync(password);
        lock (_lock)
        {
            if (!_users.TryGetValue(name, out UserDocument? user))
                return ApiProblem.NotFound("user", name);
            if (precondition(user.Revision) is ApiProblem problem)
                return problem;
            if (role is not null and not Role.Administrator && IsLastAdministrator(user))
                return LastAdministrator();
            user = user with
            {
                Role = role ?? user.Role, Password = hash ?? user.Password, IsPasswordInitial = hash is null && user.IsPasswordInitial, Revision = user.Revision + 1,
            };
            List<DocumentChange> changes = hash is null ? [] : [.. Own(_sessions, name).Where(session => session.Id != keptSession).Select(session => Remove(_sessions, SessionPrefix, session))];
            changes.Add(new DocumentChange(UserPrefix + name, JsonSerializer.SerializeToUtf8Bytes(user, ApiJson.Default.UserDocument)));
            _store.Commit(changes);
            _users[name] = user;
            return user;
        }
    }

    /// <summary>Checks the password of a user who is in already.</summary>
    public async Task<ApiProblem?> ConfirmAsync(UserDocument user, string password, string address) =>
        await VerifyAsync(user.Name, user, password, address, "user.change") is not ApiProblem problem ? null
        : problem.Status == StatusCodes.Status401Unauthorized ? ApiProblem.BadField("currentPassword", "wrongPassword", "The current password is wrong, or missing.")
        : problem;

    public Outcome<bool> DeleteUser(string name)
    {
        lock (_lock)
        {
            if (!_users.TryGetValue(name, out UserDocument? user))
                return ApiProblem.NotFound("user", name);
            if (IsLastAdministrator(user))
                return LastAdministrator();
            List<DocumentChange> changes = [new DocumentChange(UserPrefix + name, null)];
            changes.AddRange(Own(_sessions, name).Select(session => Remove(_sessions, SessionPrefix, session)));
            changes.AddRange(Own(_tokens, name).Select(token => Remove(_tokens, TokenPrefix, token)));
            _store.Commit(changes);
            _users.Remove(name);
            return true;
        }
    }

    // Whether the attempt is heard is judged when its turn has come: many at once are no more than one after another.
    private async Task<ApiProblem?> VerifyAsync(string name, UserDocument? user, string password, string address, string action)
    {
        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return ApiProblem.Of(StatusCodes.Status503ServiceUnavailable) with { Code = "tooManyAttempts", Detail = "Too many passwords are being checked.", RetryAfter = TimeSpan.FromSeconds(5) };
        }
        await _hashing.WaitAsync();
        try
        {
            TimeSpan wait = _throttle.Wait(name, address);
            if (wait > TimeSpan.Zero)
            {
                _audit.Write(name, address, "session.refused", name, succeeded: false);
                return new ApiProblem
                {
                    Status = StatusCodes.Status429TooManyRequests, Code = "lockedOut", Title = "Too many failed attempts", Detail = "Try again later.", RetryAfter = wait,
                };
            }
            bool isRight = await Task.Run(() => user is null ? PasswordHash.MatchNothing(password) : PasswordHash.Matches(password, user.Password));
            if (isRight)
            {
                _throttle.Succeeded(name);
                return null;
            }
            _throttle.Failed(name, address);
            _audit.Write(name, address, action, name, succeeded: false);
            return ApiProblem.Of(StatusCodes.Status401Unauthorized) with { Code = "wrongPassword", Title = "Name or password is wrong" };
        }
        finally
        {
            _hashing.Release();
            Interlocked.Decrement(ref _waiting);
        }
    }

    private static ApiProblem LastAdministrator() =>
        ApiProblem.Conflict("lastAdministrator", "The last administrator", "There would be no administrator left.", "Make another user an administrator first.");

    private bool IsLastAdministrator(UserDocument user) => user.Role == Role.Administrator && _users.Values.Count(other => other.Role == Role.Administrator) == 1;

    private async Task<string> HashAsync(string password)
    {
        await _hashing.WaitAsync();
        try
        {
            return await Task.Run(() => PasswordHash.Of(password));
        }
        finally
        {
            _hashing.Release();
        }
    }

    private bool IsOver(CredentialDocument credential) => credential.ExpiresAt <= _time.GetUtcNow();

    private IReadOnlyList<CredentialDocument> Own(Dictionary<string, CredentialDocument> credentials, string user)
    {
        lock (_lock)
            return [.. credentials.Values.Where(credential => credential.User == user && !IsOver(credential))];
    }

    private bool End(Dictionary<string, CredentialDocument> credentials, string prefix, string id, string? user)
    {
        lock (_lock)
        {
            if (credentials.Values.FirstOrDefault(other => other.Id == id && (user is null || other.User == user)) is not CredentialDocument credential)
                return false;
            _store.Commit(Remove(credentials, prefix, credential));
            return true;
        }
    }

    private (CredentialDocument Document, string Secret) Make(string user, string mark, DateTimeOffset? expiresAt)
    {
        string secret = mark + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        CredentialDocument document = new()
        {
            Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), User = user, SecretHash = HashOf(secret), CreatedAt = _time.GetUtcNow(), ExpiresAt = expiresAt,
        };
        return (document, secret);
    }

    private static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    private void Save(UserDocument user)
    {
        _store.Commit(new DocumentChange(UserPrefix + user.Name, JsonSerializer.SerializeToUtf8Bytes(user, ApiJson.Default.UserDocument)));
        _users[user.Name] = user;
    }

    private static DocumentChange Put(string prefix, CredentialDocument credential) =>
        new(prefix + credential.Id, JsonSerializer.SerializeToUtf8Bytes(credential, ApiJson.Default.CredentialDocument));

    private static DocumentChange Remove(Dictionary<string, CredentialDocument> credentials, string prefix, CredentialDocument credential)
    {
        credentials.Remove(credential.SecretHash);
        return new DocumentChange(prefix + credential.Id, null);
    }

    private void Load<T>(string prefix, JsonTypeInfo<T> type, Action<T> add)
    {
        foreach ((string key, byte[] content) in _store.List(prefix))
            add(JsonSerializer.Deserialize(content, type) ?? throw new InvalidDataException($"The document {key} is empty."));
    }
}
