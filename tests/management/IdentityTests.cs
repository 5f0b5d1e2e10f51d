using System.Net;
using System.Text.Json.Nodes;

namespace HyperOS.Tests.Management;

/// <summary>Who gets in, and as what.</summary>
public sealed class IdentityTests(ConsoleTests.Host host) : IClassFixture<ConsoleTests.Host>
{
    private const string Password = "correct horse battery";

    private ManagementProcess Process => host.Process;

    private Api Administrator => host.Administrator;

    private Api Anonymous => new(Process);

    [Fact]
    public async Task A_session_is_a_cookie_that_scripts_and_other_sites_do_not_get()
    {
        Answer answer = await SignInAsync("admin", Process.Password);
        Assert.Equal(HttpStatusCode.Created, answer.Status);
        string cookie = answer.Headers.GetValues("Set-Cookie").Single();
        foreach (string attribute in new[] { "__Host-hyperos=", "httponly", "secure", "samesite=strict", "path=/" })
            Assert.Contains(attribute, cookie, StringComparison.OrdinalIgnoreCase);
        Assert.True(answer.Json!["mustChangePassword"]!.GetValue<bool>());
        Assert.DoesNotContain(cookie.Split(';')[0].Split('=')[1], answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_by_cookie_from_a_page_of_another_origin_is_refused()
    {
        Api session = await Api.SignInAsync(Process, "admin", Process.Password);
        JsonObject network = new() { ["name"] = "forged" };
        Answer foreign = await session.SendAsync(HttpMethod.Post, "/networks", network, ("Origin", "https://evil.example"));
        Assert.Equal((HttpStatusCode.Forbidden, "foreignOrigin"), (foreign.Status, foreign.Code));
        Answer silent = await session.SendAsync(HttpMethod.Post, "/networks", network, ("Origin", ""));
        Assert.Equal("foreignOrigin", silent.Code);
        Assert.Equal("foreignOrigin", (await Anonymous.SendAsync(HttpMethod.Post, "/sessions", Credentials("admin", Process.Password), ("Origin", "https://evil.example"))).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await Administrator.GetAsync("/networks/forged")).Status);
    }

    [Fact]
    public async Task A_session_that_was_ended_is_none()
    {
        Api session = await Api.SignInAsync(Process, "admin", Process.Password);
        Assert.Equal(HttpStatusCode.OK, (await session.GetAsync("/sessions/current")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await session.SendAsync(HttpMethod.Delete, "/sessions/current")).Status);
        Assert.Equal("credentialInvalid", (await session.GetAsync("/sessions/current")).Code);
    }

    [Fact]
    public async Task Guessing_is_slowed_down_for_the_name_and_all_of_it_is_audited()
    {
        // A process of its own: the address is slowed down too.
        using ManagementProcess process = new();
        Api administrator = await Api.AdministratorAsync(process);
        Api anonymous = new(process);
        for (int i = 0; i < 5; i++)
        {
            Answer wrong = await anonymous.PostAsync("/sessions", Credentials("admin", $"guess {i}"));
            Assert.Equal((HttpStatusCode.Unauthorized, "wrongPassword"), (wrong.Status, wrong.Code));
        }
        Answer locked = await anonymous.PostAsync("/sessions", Credentials("admin", process.Password));
        Assert.Equal((HttpStatusCode.TooManyRequests, "lockedOut"), (locked.Status, locked.Code));
        Assert.True(locked.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await anonymous.PostAsync("/sessions", Credentials("nobody", "guess"))).Status);
        // Who is in already stays in.
        JsonArray entries = (await administrator.GetAsync("/audit?action=session.create&succeeded=false")).Json!["items"]!.AsArray();
        Assert.Equal(5, entries.Count);
        Assert.All(entries, entry => Assert.Equal(("admin", "127.0.0.1"), (entry!["user"]!.GetValue<string>(), entry["address"]!.GetValue<string>())));
        Assert.Equal(2, (await administrator.GetAsync("/audit?action=session.refused")).Json!["total"]!.GetValue<int>());
    }

    [Fact]
    public async Task Many_guesses_at_once_are_no_more_than_one_after_another()
    {
        using ManagementProcess process = new();
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => new Api(process).PostAsync("/sessions", Credentials("admin", $"guess {i}"))));
        Assert.Equal(5, answers.Count(answer => answer.Status == HttpStatusCode.Unauthorized));
        Assert.Equal(19, answers.Count(answer => answer.Status == HttpStatusCode.TooManyRequests));
    }

    [Fact]
    public async Task Guessing_the_current_password_of_a_session_is_slowed_down_too()
    {
        using ManagementProcess process = new();
        Api session = await Api.SignInAsync(process, "admin", process.Password);
        JsonObject Change(string current) => new() { ["password"] = Password, ["currentPassword"] = current };
        for (int i = 0; i < 5; i++)
            Assert.Equal("wrongPassword", (await session.SendAsync(HttpMethod.Patch, "/users/admin", Change($"guess {i}"))).Code);
        Assert.Equal("lockedOut", (await session.SendAsync(HttpMethod.Patch, "/users/admin", Change(process.Password))).Code);
    }

    [Fact]
    public async Task A_new_password_ends_the_other_sessions()
    {
        await MakeUserAsync("changing", "operator");
        Api first = await Api.SignInAsync(Process, "changing", Password);
        Api second = await Api.SignInAsync(Process, "changing", Password);
        Answer wrong = await first.SendAsync(HttpMethod.Patch, "/users/changing", new JsonObject { ["password"] = "another password", ["currentPassword"] = "wrong" });
        Assert.Equal(("wrongPassword", "currentPassword"), (wrong.Code, wrong.Field));
        Answer changed = await first.SendAsync(HttpMethod.Patch, "/users/changing", new JsonObject { ["password"] = "another password", ["currentPassword"] = Password });
        Assert.Equal(HttpStatusCode.OK, changed.Status);
        Assert.Equal(HttpStatusCode.OK, (await first.GetAsync("/sessions/current")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.GetAsync("/sessions/current")).Status);
    }

    [Fact]
    public async Task Nobody_makes_themself_more_than_they_are()
    {
        await MakeUserAsync("small", "viewer");
        Api viewer = await Api.SignInAsync(Process, "small", Password);
        Assert.Equal("roleTooLow", (await viewer.SendAsync(HttpMethod.Patch, "/users/small", new JsonObject { ["role"] = "administrator" })).Code);
        Assert.Equal("roleTooLow", (await viewer.GetAsync("/users/admin")).Code);
        Assert.Equal("roleTooHigh", (await viewer.PostAsync("/tokens", new JsonObject { ["name"] = "more", ["role"] = "operator" })).Code);
        Api token = new(Process, await Api.TokenAsync(await Api.SignInAsync(Process, "admin", Process.Password), "operator"));
        Assert.Equal("roleTooHigh", (await token.PostAsync("/tokens", new JsonObject { ["name"] = "more", ["role"] = "administrator" })).Code);
    }

    [Fact]
    public async Task A_token_of_some_VMs_sees_nothing_else()
    {
        await Administrator.MakeVmAsync("mine");
        await Administrator.MakeVmAsync("theirs");
        Api limited = new(Process, await Api.TokenAsync(Administrator, "administrator", "mine"));
        Assert.Equal(["mine"], (await limited.GetAsync("/vms")).Json!["items"]!.AsArray().Select(vm => vm!["name"]!.GetValue<string>()));
        Assert.Equal(HttpStatusCode.NotFound, (await limited.GetAsync("/vms/theirs")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await limited.PostAsync("/vms/theirs/start")).Status);
        foreach (string path in new[] { "/users", "/tokens", "/networks", "/images", "/audit" })
            Assert.Equal("outOfScope", (await limited.GetAsync(path)).Code);
        Assert.Equal("succeeded", await limited.ActAsync("mine", "start"));
    }

    [Fact]
    public async Task A_token_ends_with_its_time_its_deletion_or_its_user()
    {
        await MakeUserAsync("leaving", "operator");
        Api session = await Api.SignInAsync(Process, "leaving", Password);
        Answer past = await session.PostAsync("/tokens", new JsonObject { ["name"] = "old", ["expiresAt"] = "2001-01-01T00:00:00Z" });
        Assert.Equal(("outOfRange", "expiresAt"), (past.Code, past.Field));
        Answer made = await session.PostAsync("/tokens", new JsonObject { ["name"] = "one", ["role"] = "viewer" });
        Api one = new(Process, made.Json!["secret"]!.GetValue<string>());
        Api two = new(Process, await Api.TokenAsync(session, "viewer"));
        Assert.Equal(HttpStatusCode.OK, (await one.GetAsync("/vms")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await session.SendAsync(HttpMethod.Delete, $"/tokens/{made.Json["id"]}")).Status);
        Assert.Equal("credentialInvalid", (await one.GetAsync("/vms")).Code);
        Assert.Equal(HttpStatusCode.NoContent, (await Administrator.SendAsync(HttpMethod.Delete, "/users/leaving")).Status);
        Assert.Equal("credentialInvalid", (await two.GetAsync("/vms")).Code);
        Assert.Equal("credentialInvalid", (await session.GetAsync("/vms")).Code);
    }

    [Fact]
    public async Task There_is_always_an_administrator()
    {
        Assert.Equal("lastAdministrator", (await Administrator.SendAsync(HttpMethod.Delete, "/users/admin")).Code);
        Assert.Equal("lastAdministrator", (await Administrator.SendAsync(HttpMethod.Patch, "/users/admin", new JsonObject { ["role"] = "viewer" })).Code);
    }

    [Theory]
    [InlineData("Upper", "operator", Password, "name")]
    [InlineData("", "operator", Password, "name")]
    [InlineData("fine", null, Password, "role")]
    [InlineData("fine", "root", Password, "role")]
    [InlineData("fine", "viewer", "short", "password")]
    public async Task A_bad_field_of_a_user_is_named(string name, string? role, string password, string field)
    {
        Answer answer = await Administrator.PostAsync("/users", new JsonObject { ["name"] = name, ["role"] = role, ["password"] = password });
        Assert.Equal((HttpStatusCode.BadRequest, field), (answer.Status, answer.Field));
    }

    [Fact]
    public async Task The_certificate_can_be_replaced_while_the_process_runs()
    {
        using ManagementProcess process = new();
        Api administrator = await Api.AdministratorAsync(process);
        Answer own = await administrator.GetAsync("/host/certificate");
        Assert.Equal(process.Fingerprint, own.Json!["fingerprint"]!.GetValue<string>());
        Assert.True(own.Json["isOwn"]!.GetValue<bool>());
        Assert.False(own.Headers.Contains("Strict-Transport-Security"));
        (string certificate, string key) = Certificates.Make("hyperos.example");
        Answer mismatch = await administrator.SendAsync(HttpMethod.Put, "/host/certificate", new JsonObject { ["certificate"] = certificate, ["key"] = Certificates.Make("other.example").Key });
        Assert.Equal((HttpStatusCode.BadRequest, "key"), (mismatch.Status, mismatch.Field));
        Answer nonsense = await administrator.SendAsync(HttpMethod.Put, "/host/certificate", new JsonObject { ["certificate"] = "no PEM", ["key"] = key });
        Assert.Equal((HttpStatusCode.BadRequest, "certificate"), (nonsense.Status, nonsense.Field));
        Answer installed = await administrator.SendAsync(HttpMethod.Put, "/host/certificate", new JsonObject { ["certificate"] = certificate, ["key"] = key });
        Assert.Equal(HttpStatusCode.OK, installed.Status);
        string fingerprint = installed.Json!["fingerprint"]!.GetValue<string>();
        Assert.NotEqual(process.Fingerprint, fingerprint);
        Assert.Equal(fingerprint, await Certificates.SeenAsync(process.Address));
        Answer after = await new Api(process, administrator.Token).GetAsync("/host/certificate");
        Assert.True(after.Headers.Contains("Strict-Transport-Security"));
        Assert.False(after.Json!["isOwn"]!.GetValue<bool>());
        Assert.Equal(HttpStatusCode.NoContent, (await administrator.SendAsync(HttpMethod.Delete, "/host/certificate")).Status);
        Assert.Equal(process.Fingerprint, await Certificates.SeenAsync(process.Address));
    }

    private static JsonObject Credentials(string user, string password) => new() { ["user"] = user, ["password"] = password };

    private Task<Answer> SignInAsync(string user, string password) => Anonymous.PostAsync("/sessions", Credentials(user, password));

    private async Task MakeUserAsync(string name, string role) =>
        Assert.Equal(HttpStatusCode.Created, (await Administrator.PostAsync("/users", new JsonObject { ["name"] = name, ["role"] = role, ["password"] = Password })).Status);
}
