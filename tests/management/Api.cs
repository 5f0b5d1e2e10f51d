using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HyperOS.Tests.Management;

/// <summary>An answer with its body as JSON, where it is some.</summary>
public sealed record Answer(HttpStatusCode Status, JsonNode? Json, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, string Text)
{
    public string? Code => Json?["code"]?.GetValue<string>();

    public string? Field => Json?["field"]?.GetValue<string>();
}

/// <summary>Somebody who uses the API.</summary>
public sealed class Api(ManagementProcess process, string? token = null, string? cookie = null)
{
    private const string Base = "/api/v1";

    private readonly HttpClient _client = process.Client();

    public ManagementProcess Process => process;

    public string? Token => token;

    public string? Cookie => cookie;

    /// <summary>The first administrator, by a token.</summary>
    public static async Task<Api> AdministratorAsync(ManagementProcess process) => new(process, await TokenAsync(await SignInAsync(process, "admin", process.Password), "administrator"));

    /// <summary>Signs in; what comes back uses the cookie, from the portal's origin.</summary>
    public static async Task<Api> SignInAsync(ManagementProcess process, string user, string password)
    {
        Answer answer = await new Api(process).SendAsync(HttpMethod.Post, "/sessions", new JsonObject { ["user"] = user, ["password"] = password });
        Assert.Equal(HttpStatusCode.Created, answer.Status);
        return new Api(process, cookie: answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
    }

    /// <summary>A token of this one's.</summary>
    public static async Task<string> TokenAsync(Api api, string role, params string[] vms)
    {
        JsonObject body = new() { ["name"] = $"test {role}", ["role"] = role };
        if (vms.Length > 0)
            body["vms"] = new JsonArray([.. vms.Select(vm => (JsonNode)vm!)]);
        Answer answer = await api.SendAsync(HttpMethod.Post, "/tokens", body);
        Assert.Equal(HttpStatusCode.Created, answer.Status);
        return answer.Json!["secret"]!.GetValue<string>();
    }

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, JsonNode? body = null) => SendAsync(HttpMethod.Post, path, body);

    public Task<Answer> SendAsync(HttpMethod method, string path, JsonNode? body = null, params (string Name, string Value)[] headers) =>
        SendAsync(method, path, body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json"), headers);

    public async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using HttpResponseMessage response = await OpenAsync(method, path, content, headers);
        string text = response.Content.Headers.ContentType?.MediaType == "text/event-stream" ? "" : await response.Content.ReadAsStringAsync();
        bool isJson = response.Content.Headers.ContentType?.MediaType is "application/json" or "application/problem+json" && text.Length > 0;
        return new Answer(response.StatusCode, isJson ? JsonNode.Parse(text) : null, response.Headers, response.Content.Headers, text);
    }

    /// <summary>Reads the headers alone: the body may have no end.</summary>
    public Task<HttpResponseMessage> OpenAsync(HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        HttpRequestMessage request = new(method, path.StartsWith("/api", StringComparison.Ordinal) || path.StartsWith("//", StringComparison.Ordinal) ? path.Replace("//", "/", StringComparison.Ordinal) : Base + path) { Content = content };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
            if (headers.All(header => header.Name != "Origin"))
                request.Headers.Add("Origin", process.Address.GetLeftPart(UriPartial.Authority));
        }
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Sends a piece of an image.</summary>
    public Task<Answer> AppendAsync(string image, ulong offset, byte[] piece)
    {
        ByteArrayContent content = new(piece);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
        return SendAsync(HttpMethod.Patch, $"/images/{image}/content", content, ("Upload-Offset", offset.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    /// <summary>An image that VMs can start from.</summary>
    public async Task MakeImageAsync(string name, byte[]? content = null)
    {
        content ??= [1, 2, 3];
        Assert.Equal(HttpStatusCode.Created, (await PostAsync("/images", new JsonObject { ["name"] = name, ["size"] = content.Length })).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await AppendAsync(name, 0, content)).Status);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync($"/images/{name}/complete", new JsonObject { ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content)) })).Status);
    }

    /// <summary>What makes a VM that can start.</summary>
    public static JsonObject Vm(string name, string image = "kernel") => new()
    {
        ["name"] = name, ["memory"] = 64 << 20, ["boot"] = new JsonObject { ["kernel"] = image, ["cmdline"] = "console=ttyS0" }, ["console"] = "host",
    };

    public async Task MakeVmAsync(string name, bool start = false)
    {
        Answer made = await PostAsync("/vms", Vm(name));
        Assert.True(made.Status == HttpStatusCode.Created, made.Text);
        if (start)
            Assert.Equal("succeeded", await ActAsync(name, "start"));
    }

    /// <summary>Does something with a VM and waits for its end.</summary>
    /// <returns>The task's state.</returns>
    public async Task<string> ActAsync(string vm, string action)
    {
        Answer answer = await PostAsync($"/vms/{vm}/{action}?wait=60");
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return answer.Json!["state"]!.GetValue<string>();
    }

    public async Task<string> StateAsync(string vm) => (await GetAsync($"/vms/{vm}")).Json!["runtime"]!["state"]!.GetValue<string>();
}
