using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace HyperOS.Tests.Management;

/// <summary>What outlasts the process.</summary>
public sealed class RestartTests : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("hyperos-management-").FullName;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Users_tokens_certificate_networks_VMs_and_audit_are_there_after_a_kill()
    {
        string fingerprint, token;
        using (ManagementProcess process = new(_state))
        {
            fingerprint = process.Fingerprint;
            Api administrator = await Api.AdministratorAsync(process);
            token = administrator.Token!;
            await administrator.MakeImageAsync("kernel");
            await administrator.PostAsync("/users", new JsonObject { ["name"] = "ann", ["role"] = "viewer", ["password"] = "correct horse battery" });
            await administrator.PostAsync("/networks", new JsonObject { ["name"] = "lan" });
            await administrator.PostAsync("/networks/lan/port-groups", new JsonObject { ["name"] = "web", ["vlan"] = 7 });
            await administrator.MakeVmAsync("web");
        }
        using (ManagementProcess process = new(_state))
        {
            Assert.Equal((fingerprint, ""), (process.Fingerprint, process.Password));
            Api administrator = new(process, token);
            Assert.Equal("viewer", (await administrator.GetAsync("/users/ann")).Json!["role"]!.GetValue<string>());
            Assert.Equal(7u, (await administrator.GetAsync("/networks/lan")).Json!["portGroups"]![0]!["config"]!["vlan"]!.GetValue<uint>());
            Assert.Equal(64ul << 20, (await administrator.GetAsync("/vms/web")).Json!["config"]!["memory"]!.GetValue<ulong>());
            Assert.True((await administrator.GetAsync("/audit?action=vm.create")).Json!["total"]!.GetValue<int>() > 0);
            await Api.SignInAsync(process, "ann", "correct horse battery");
        }
    }

    [Fact]
    public async Task A_journal_that_was_torn_keeps_what_was_committed()
    {
        string token;
        using (ManagementProcess process = new(_state))
            token = (await Api.AdministratorAsync(process)).Token!;
        string journal = Directory.EnumerateFiles(_state).Single();
        using (FileStream file = new(journal, FileMode.Append))
            file.Write([200, 0, 0, 0, 1, 2, 3]);
        using (ManagementProcess process = new(_state))
            Assert.Equal(HttpStatusCode.OK, (await new Api(process, token).GetAsync("/users/admin")).Status);
    }

    [Fact]
    public async Task No_secret_is_stored_as_it_is()
    {
        string token, password;
        using (ManagementProcess process = new(_state))
        {
            password = process.Password;
            token = (await Api.AdministratorAsync(process)).Token!;
        }
        string stored = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(Directory.EnumerateFiles(_state).Single()));
        Assert.Contains("admin", stored, StringComparison.Ordinal);
        Assert.DoesNotContain(token, stored, StringComparison.Ordinal);
        Assert.DoesNotContain(password, stored, StringComparison.Ordinal);
    }
}
