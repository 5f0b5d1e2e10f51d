using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace HyperOS.Tests.Management;

/// <summary>What the description says is what the process does: every operation, every role, every field.</summary>
public sealed class ContractTests(ContractTests.Host host) : IClassFixture<ContractTests.Host>
{
    private static readonly string[] s_roles = ["viewer", "operator", "administrator"];

    /// <summary>A process with one of everything, and somebody of each role.</summary>
    public sealed class Host : IAsyncLifetime
    {
        private readonly ManagementProcess _process = new();

        public Dictionary<string, Api> ByRole { get; } = [];

        public Api Anonymous { get; private set; } = null!;

        public JsonObject Description { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Api administrator = await Api.AdministratorAsync(_process);
            foreach (string role in s_roles)
                ByRole[role] = new Api(_process, await Api.TokenAsync(administrator, role));
            Anonymous = new Api(_process);
            Description = (await Anonymous.GetAsync("//openapi/v1.json")).Json!.AsObject();
            await administrator.MakeImageAsync("kernel");
            await administrator.PostAsync("/networks", new JsonObject { ["name"] = "lan" });
            await administrator.PostAsync("/networks/lan/port-groups", new JsonObject { ["name"] = "web" });
            await administrator.MakeVmAsync("web");
        }

        public Task DisposeAsync()
        {
            _process.Dispose();
            return Task.CompletedTask;
        }
    }

    private IEnumerable<(string Path, string Method, JsonObject Operation)> Operations =>
        from path in host.Description["paths"]!.AsObject()
        from method in path.Value!.AsObject()
        select (path.Key, method.Key.ToUpperInvariant(), method.Value!.AsObject());

    [Fact]
    public async Task Nobody_gets_in_without_signing_in_nor_above_the_own_role()
    {
        int checkedOnes = 0;
        foreach ((string path, string method, JsonObject operation) in Operations)
        {
            if (operation["x-role"]?.GetValue<string>() is not string role)
                continue;
            await ExpectAsync(host.Anonymous, 401, "notSignedIn");
            await ExpectAsync(new Api(host.Anonymous.Process, "hos_0000"), 401, "credentialInvalid");
            foreach (string lower in s_roles.TakeWhile(other => other != role))
                await ExpectAsync(host.ByRole[lower], 403, "roleTooLow");
            checkedOnes++;

            async Task ExpectAsync(Api who, int status, string code)
            {
                Answer answer = await who.SendAsync(new HttpMethod(method), PathOf(path, exists: true));
                Assert.True((int)answer.Status == status, $"{method} {path}: {(int)answer.Status}, not {status}");
                if (method != "HEAD")
                    AssertProblem(answer, code);
            }
        }
        Assert.True(checkedOnes > 40, $"only {checkedOnes} operations");
    }

    [Fact]
    public async Task Whatever_is_asked_for_that_is_not_there_is_answered_as_described()
    {
        foreach ((string path, string method, JsonObject operation) in Operations.Where(one => one.Path.Contains('{', StringComparison.Ordinal)))
        {
            JsonNode? body = operation["requestBody"] is null ? null : new JsonObject();
            Answer answer = await host.ByRole["administrator"].SendAsync(new HttpMethod(method), PathOf(path, exists: false), body);
            string status = ((int)answer.Status).ToString(System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(operation["responses"]![status] is not null, $"{method} {path} answers {status}, which is not described");
            Assert.True((int)answer.Status is >= 400 and < 500, $"{method} {path} answers {status}");
            if (method != "HEAD")
                AssertProblem(answer);
        }
    }

    [Fact]
    public async Task A_body_that_is_no_JSON_or_has_a_field_too_many_is_refused_by_name()
    {
        int checkedOnes = 0;
        foreach ((string path, string method, JsonObject operation) in Operations)
        {
            string? type = operation["requestBody"]?["content"]?.AsObject().First().Key;
            if (type is null || !type.EndsWith("json", StringComparison.Ordinal))
                continue;
            Answer unknown = await SendAsync("{\"noSuchField\":1}", type);
            Assert.True(unknown.Status == HttpStatusCode.BadRequest, $"{method} {path}: {unknown.Text}");
            AssertProblem(unknown, "unknownField");
            Assert.Equal("noSuchField", unknown.Field);
            AssertProblem(await SendAsync("{\"a\":", type), "malformedJson");
            AssertProblem(await SendAsync("[1]", type), "notAnObject");
            AssertProblem(await SendAsync("{\"name\":\"a\",\"name\":\"b\"}", type), "duplicateField");
            AssertProblem(await SendAsync("{}", "text/plain"), "mediaType");
            checkedOnes++;

            Task<Answer> SendAsync(string body, string contentType) =>
                host.ByRole["administrator"].SendAsync(new HttpMethod(method), PathOf(path, exists: true), new StringContent(body, Encoding.UTF8, contentType));
        }
        Assert.True(checkedOnes > 10, $"only {checkedOnes} operations");
    }

    [Fact]
    public async Task Every_field_of_another_type_is_refused_by_name()
    {
        foreach ((string path, string method, JsonObject operation) in Operations)
        {
            string? reference = operation["requestBody"]?["content"]?.AsObject().First().Value!["schema"]!["$ref"]?.GetValue<string>();
            if (reference is null)
                continue;
            JsonObject schema = host.Description["components"]!["schemas"]![reference.Split('/')[^1]]!.AsObject();
            foreach ((string name, JsonNode? property) in schema["properties"]!.AsObject())
            {
                // No field of the API is a list of lists; a field that takes an object has none by this name.
                JsonNode wrong = new JsonArray(new JsonArray());
                Answer answer = await host.ByRole["administrator"].SendAsync(new HttpMethod(method), PathOf(path, exists: true), new JsonObject { [name] = wrong });
                Assert.True(answer.Status == HttpStatusCode.BadRequest, $"{method} {path} {name}: {answer.Text}");
                AssertProblem(answer);
                Assert.StartsWith(name, answer.Field, StringComparison.Ordinal);
                Assert.NotNull(property);
            }
        }
    }

    [Fact]
    public async Task Lists_take_their_parameters_and_no_others()
    {
        foreach ((string path, string method, JsonObject operation) in Operations)
        {
            if (operation["parameters"]!.AsArray().All(parameter => parameter!["name"]!.GetValue<string>() != "cursor"))
                continue;
            foreach ((string query, string field) in new[] { ("limit=0", "limit"), ("limit=x", "limit"), ("cursor=%21", "cursor"), ("sort=noSuchField", "sort"), ("noSuchField=1", "noSuchField") })
            {
                Answer answer = await host.ByRole["administrator"].GetAsync($"{PathOf(path, exists: true)}?{query}");
                Assert.True(answer.Status == HttpStatusCode.BadRequest && answer.Field == field, $"{method} {path}?{query}: {answer.Text}");
            }
            Assert.Equal(HttpStatusCode.OK, (await host.ByRole["administrator"].GetAsync($"{PathOf(path, exists: true)}?limit=1&q=a")).Status);
        }
    }

    [Fact]
    public async Task What_is_no_route_is_a_problem_too()
    {
        AssertProblem(await host.Anonymous.GetAsync("/nowhere"), "notFound");
        AssertProblem(await host.Anonymous.SendAsync(HttpMethod.Put, "/vms"), "methodNotAllowed");
        AssertProblem(await host.ByRole["viewer"].GetAsync("/vms/web/console"), "webSocketOnly");
    }

    [Fact]
    public async Task Every_answer_carries_the_security_headers()
    {
        foreach (string path in new[] { "//healthz", "/vms", "/nowhere" })
        {
            Answer answer = await host.Anonymous.GetAsync(path);
            Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.False(answer.Headers.Contains("Server"));
            Assert.False(answer.Headers.Contains("Strict-Transport-Security"));
        }
    }

    private static string PathOf(string path, bool exists)
    {
        (string Name, string Existing, string Missing)[] names =
        [
            ("vm", "web", "gone"), ("network", "lan", "gone"), ("portGroup", "web", "gone"), ("image", "kernel", "gone"), ("user", "admin", "gone"), ("task", "000000", "gone"),
            ("token", "gone", "gone"), ("session", "gone", "gone"),
        ];
        foreach ((string name, string existing, string missing) in names)
            path = path.Replace($"{{{name}}}", exists ? existing : missing, StringComparison.Ordinal);
        return path.StartsWith("/api", StringComparison.Ordinal) ? path : "/" + path;
    }

    private static void AssertProblem(Answer answer, string? code = null)
    {
        Assert.Equal("application/problem+json", answer.ContentHeaders.ContentType?.MediaType);
        Assert.Equal((int)answer.Status, answer.Json!["status"]!.GetValue<int>());
        Assert.NotEmpty(answer.Json["title"]!.GetValue<string>());
        Assert.NotEmpty(answer.Json["requestId"]!.GetValue<string>());
        if (code is not null)
            Assert.Equal(code, answer.Code);
    }
}
