using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace HyperOS.Tests.Management;

/// <summary>Images in pieces.</summary>
public sealed class ImageTests(ConsoleTests.Host host) : IClassFixture<ConsoleTests.Host>
{
    private Api Administrator => host.Administrator;

    [Fact]
    public async Task An_upload_that_was_cut_goes_on_where_it_is()
    {
        byte[] content = RandomNumberGenerator.GetBytes(3_000_000);
        await BeginAsync("cut", content.Length);
        // The connection ends in the midst of the piece: what the host has taken by then is kept.
        await Assert.ThrowsAnyAsync<Exception>(() => Administrator.SendAsync(HttpMethod.Patch, "/images/cut/content", new CutContent(content, 1_500_000), ("Upload-Offset", "0")));
        ulong offset = await OffsetAsync("cut");
        Assert.InRange(offset, 0ul, 1_500_000ul);
        for (Answer answer = await Administrator.AppendAsync("cut", offset, content[(int)offset..]); answer.Status != HttpStatusCode.NoContent; answer = await Administrator.AppendAsync("cut", offset, content[(int)offset..]))
        {
            // The host may still be busy with what was cut.
            Assert.Equal(HttpStatusCode.Conflict, answer.Status);
            offset = await OffsetAsync("cut");
        }
        Assert.Equal((ulong)content.Length, await OffsetAsync("cut"));
        string hash = Convert.ToHexStringLower(SHA256.HashData(content));
        Answer done = await Administrator.PostAsync("/images/cut/complete", new JsonObject { ["sha256"] = hash });
        Assert.Equal(HttpStatusCode.OK, done.Status);
        Assert.Equal(hash, done.Json!["sha256"]!.GetValue<string>());
        Assert.Equal("imageComplete", (await Administrator.AppendAsync("cut", (ulong)content.Length, [1])).Code);
    }

    [Fact]
    public async Task A_piece_that_belongs_elsewhere_is_told_where()
    {
        await BeginAsync("elsewhere", 100);
        await Administrator.AppendAsync("elsewhere", 0, new byte[40]);
        Answer wrong = await Administrator.AppendAsync("elsewhere", 60, new byte[40]);
        Assert.Equal((HttpStatusCode.Conflict, "wrongOffset"), (wrong.Status, wrong.Code));
        Assert.Equal("40", wrong.Headers.GetValues("Upload-Offset").Single());
        Assert.Equal("tooLong", (await Administrator.AppendAsync("elsewhere", 40, new byte[61])).Code);
        Answer early = await Administrator.PostAsync("/images/elsewhere/complete", new JsonObject { ["sha256"] = new string('0', 64) });
        Assert.Equal("imageIncomplete", early.Code);
    }

    [Fact]
    public async Task A_wrong_hash_is_refused_and_no_VM_starts_from_it()
    {
        await BeginAsync("wrong", 3);
        await Administrator.AppendAsync("wrong", 0, [1, 2, 3]);
        Answer answer = await Administrator.PostAsync("/images/wrong/complete", new JsonObject { ["sha256"] = new string('0', 64) });
        Assert.Equal((HttpStatusCode.BadRequest, "wrongHash", "sha256"), (answer.Status, answer.Code, answer.Field));
        Answer vm = await Administrator.PostAsync("/vms", Api.Vm("hopeful", "wrong"));
        Assert.Equal(("imageIncomplete", "boot.kernel"), (vm.Code, vm.Field));
    }

    [Fact]
    public async Task What_the_host_has_no_room_for_is_refused_before_the_first_byte()
    {
        Answer answer = await Administrator.PostAsync("/images", new JsonObject { ["name"] = "huge", ["size"] = 1L << 39 });
        Assert.Equal((HttpStatusCode.InsufficientStorage, "notEnoughSpace", "size"), (answer.Status, answer.Code, answer.Field));
        Assert.True(answer.Json!["available"]!.GetValue<ulong>() > 0);
        ByteArrayContent piece = new(new byte[(8 << 20) + 1]);
        piece.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("application/offset+octet-stream");
        Answer tooLong = await Administrator.SendAsync(HttpMethod.Patch, "/images/kernel/content", piece, ("Upload-Offset", "3"), ("Expect", "100-continue"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLong.Status);
    }

    [Theory]
    [InlineData("", "name")]
    [InlineData("../etc", "name")]
    [InlineData("a/b", "name")]
    [InlineData(".hidden", "name")]
    public async Task A_name_that_is_none_is_refused(string name, string field)
    {
        Answer answer = await Administrator.PostAsync("/images", new JsonObject { ["name"] = name, ["size"] = 1 });
        Assert.Equal((HttpStatusCode.BadRequest, field), (answer.Status, answer.Field));
    }

    [Fact]
    public async Task An_image_that_a_VM_refers_to_stays()
    {
        await Administrator.MakeImageAsync("used");
        Assert.Equal(HttpStatusCode.Created, (await Administrator.PostAsync("/vms", Api.Vm("user", "used"))).Status);
        Answer answer = await Administrator.SendAsync(HttpMethod.Delete, "/images/used");
        Assert.Equal((HttpStatusCode.Conflict, "imageInUse"), (answer.Status, answer.Code));
        Assert.Equal(HttpStatusCode.NoContent, (await Administrator.SendAsync(HttpMethod.Delete, "/vms/user")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await Administrator.SendAsync(HttpMethod.Delete, "/images/used")).Status);
    }

    private async Task BeginAsync(string name, int size) =>
        Assert.Equal(HttpStatusCode.Created, (await Administrator.PostAsync("/images", new JsonObject { ["name"] = name, ["size"] = size })).Status);

    private async Task<ulong> OffsetAsync(string name)
    {
        Answer answer = await Administrator.SendAsync(HttpMethod.Head, $"/images/{name}/content");
        Assert.Equal(HttpStatusCode.NoContent, answer.Status);
        return ulong.Parse(answer.Headers.GetValues("Upload-Offset").Single(), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Says that it has all, and breaks off.</summary>
    private sealed class CutContent : HttpContent
    {
        private readonly byte[] _content;
        private readonly int _sent;

        public CutContent(byte[] content, int sent)
        {
            (_content, _sent) = (content, sent);
            Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("application/offset+octet-stream");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(_content.AsMemory(0, _sent));
            await stream.FlushAsync();
            throw new IOException("The client has gone.");
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _content.Length;
            return true;
        }
    }
}
