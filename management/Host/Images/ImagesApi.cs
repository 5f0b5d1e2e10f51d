using System;
using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Abi.Control;
using HyperOS.Management.Api;
using HyperOS.Management.Audit;
using HyperOS.Management.Identity;
using HyperOS.Management.KernelClient;
using HyperOS.Management.VirtualMachines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.Images;

/// <summary>An image, as the API has it.</summary>
internal sealed record ImageResource
{
    public required string Name { get; init; }

    /// <summary>In bytes.</summary>
    public required ulong Size { get; init; }

    /// <summary>How much of it is there, in bytes.</summary>
    public required ulong Uploaded { get; init; }

    /// <summary>It is whole, its hash is right, and VMs can use it.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>Hexadecimal; of a complete one.</summary>
    public string? Sha256 { get; init; }

    /// <summary>It outlasts the host.</summary>
    public required bool IsPersistent { get; init; }

    /// <summary>VMs that refer to it.</summary>
    public required uint Users { get; init; }
}

/// <summary>What begins an image.</summary>
internal sealed record ImageCreation
{
    public string Name { get; set; } = "";

    /// <summary>In bytes.</summary>
    public ulong? Size { get; set; }

    /// <summary>On the host's disk; left out: if there is one.</summary>
    public bool? Persistent { get; set; }
}

/// <summary>What ends one.</summary>
internal sealed record ImageCompletion
{
    /// <summary>Hexadecimal.</summary>
    public string Sha256 { get; set; } = "";
}

/// <summary>
/// /images: made with their size, filled in pieces that say where they belong, and completed with their hash. An upload that was cut is taken up where HEAD
/// says that it is.
/// </summary>
internal static class ImagesApi
{
    /// <summary>Of one piece, in bytes.</summary>
    public const int MaxPiece = 8 << 20;

    public const string OffsetHeader = "Upload-Offset";

    private const string PieceType = "application/offset+octet-stream";

    // One upload into an image at a time: pieces that race each other would only meet at wrong offsets.
    private static readonly ConcurrentDictionary<ulong, bool> s_busy = new();

    public static void MapImages(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/images").WithTags("Images");
        group.MapGet("", ListAsync).Is(new ApiOperation { Summary = "List images", Role = Role.Viewer, Answer = typeof(Page<ImageResource>), Query = ListQuery.Parameters });
        group.MapPost("", CreateAsync).Is(new ApiOperation { Summary = "Begin an image", Role = Role.Operator, Body = typeof(ImageCreation), Answer = typeof(ImageResource), Status = 201, Problems = [409, 413, 415, 507] });
        group.MapGet("/{image}", ReadAsync).Is(new ApiOperation { Summary = "Read an image's state", Role = Role.Viewer, Answer = typeof(ImageResource), Problems = [404] });
        group.MapDelete("/{image}", DeleteAsync).Is(new ApiOperation { Summary = "Delete an image that no VM refers to", Role = Role.Operator, Status = 204, Problems = [404, 409] });
        group.MapMethods("/{image}/content", ["HEAD"], ReadOffsetAsync).Is(new ApiOperation { Summary = $"Ask how much of an image is there: {OffsetHeader}", Role = Role.Operator, Status = 204, Problems = [404] });
        group.MapPatch("/{image}/content", AppendAsync).Is(new ApiOperation { Summary = $"Append a piece at {OffsetHeader}, at most 8 MiB", Role = Role.Operator, Body = typeof(byte[]), BodyContentType = PieceType, Status = 204, Problems = [404, 409, 413, 415] });
        group.MapPost("/{image}/complete", CompleteAsync).Is(new ApiOperation { Summary = "Complete an image: its SHA-256 is checked", Role = Role.Operator, Body = typeof(ImageCompletion), Answer = typeof(ImageResource), Problems = [404, 409, 413, 415] });
    }

    private static async Task<IResult> ListAsync(HttpContext context, KernelConnection kernel) => ListQuery.Apply(
        context.Request,
        (await kernel.ListImagesAsync()).Select(Resource),
        new ListField<ImageResource>("name", image => image.Name),
        new ListField<ImageResource>("size", image => image.Size),
        new ListField<ImageResource>("isComplete", image => image.IsComplete),
        new ListField<ImageResource>("sha256", image => image.Sha256)).Answer(page => TypedResults.Json(page, ApiJson.Default.PageImageResource));

    private static async Task<IResult> CreateAsync(HttpContext context, KernelConnection kernel, AuditLog audit)
    {
        Outcome<ImageCreation> body = await ApiBody.ReadAsync(context, ApiJson.Default.ImageCreation);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        ImageCreation creation = body.Value;
        if (creation.Size is not ulong size)
            return ApiProblem.BadField("size", "missing", "size is missing.", "Write it in bytes.").Answer();
        ImageName name = default;
        name.Set(Encoding.UTF8.GetBytes(creation.Name));
        ControlResult<HostStatistics> host = await kernel.ReadStatisticsAsync();
        bool isPersistent = creation.Persistent ?? host.Value.StorageBytes != 0;
        ControlResult<ulong> made = await kernel.CreateImageAsync(in name, size, isPersistent ? StorageOptions.Persistent : StorageOptions.None);
        audit.Write(context, "image.create", creation.Name, made.IsDone);
        if (!made.IsDone)
            return (KernelProblems.Of(made) is { Status: 507 } full ? full with { Field = "size" } : KernelProblems.Of(made)).Answer();
        context.Response.Headers.Location = $"/api/v1/images/{creation.Name}";
        context.Response.Headers[OffsetHeader] = "0";
        ImageRecord? image = await FindAsync(kernel, creation.Name);
        return image is null
            ? ApiProblem.NotFound("image", creation.Name).Answer()
            : TypedResults.Json(Resource(image.Value), ApiJson.Default.ImageResource, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> ReadAsync(string image, KernelConnection kernel) =>
        await FindAsync(kernel, image) is ImageRecord found ? TypedResults.Json(Resource(found), ApiJson.Default.ImageResource) : ApiProblem.NotFound("image", image).Answer();

    private static async Task<IResult> DeleteAsync(string image, HttpContext context, KernelConnection kernel, AuditLog audit)
    {
        if (await FindAsync(kernel, image) is not ImageRecord found)
            return ApiProblem.NotFound("image", image).Answer();
        ControlResult<bool> deleted = await kernel.DeleteImageAsync(found.Id);
        audit.Write(context, "image.delete", image, deleted.IsDone);
        return deleted.Status == ControlStatus.InUse
            ? ApiProblem.Conflict("imageInUse", "The image is in use", $"{found.Users} VMs refer to \"{image}\".", "Delete them, or give them another image.").Answer()
            : deleted.IsDone ? TypedResults.NoContent() : KernelProblems.Of(deleted).Answer();
    }

    private static async Task<IResult> ReadOffsetAsync(string image, HttpContext context, KernelConnection kernel)
    {
        if (await FindAsync(kernel, image) is not ImageRecord found)
            return ApiProblem.NotFound("image", image).Answer();
        SetOffset(context, found.Length);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.NoContent();
    }

    private static async Task<IResult> AppendAsync(string image, HttpContext context, KernelConnection kernel)
    {
        if (!string.Equals(context.Request.ContentType, PieceType, StringComparison.OrdinalIgnoreCase))
            return (ApiProblem.Of(StatusCodes.Status415UnsupportedMediaType) with { Detail = $"Send {PieceType}." }).Answer();
        if (context.Request.ContentLength > MaxPiece)
            return (ApiProblem.Of(StatusCodes.Status413PayloadTooLarge) with { Detail = $"A piece has at most {MaxPiece} bytes." }).Answer();
        if (!ulong.TryParse(context.Request.Headers[OffsetHeader].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong offset))
            return ApiProblem.BadField(OffsetHeader, "missing", $"The header {OffsetHeader} is missing, or no number.").Answer();
        if (await FindAsync(kernel, image) is not ImageRecord found)
            return ApiProblem.NotFound("image", image).Answer();
        if (found.Length != offset)
        {
            SetOffset(context, found.Length);
            return ApiProblem.Conflict("wrongOffset", "The piece does not belong there", string.Create(CultureInfo.InvariantCulture, $"{found.Length} bytes are there."), "Go on from there.").Answer();
        }
        if (!s_busy.TryAdd(found.Id, true))
            return ApiProblem.Conflict("uploadBusy", "Another upload is under way", "Somebody else fills the image.").Answer();
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MaxPiece;
        try
        {
            return await AppendPieceAsync(found, context, kernel);
        }
        finally
        {
            s_busy.TryRemove(found.Id, out _);
        }
    }

    // What has come is kept, also if the rest does not.
    private static async Task<IResult> AppendPieceAsync(ImageRecord image, HttpContext context, KernelConnection kernel)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(ControlMessage.MaxAppend);
        ulong offset = image.Length;
        try
        {
            while (true)
            {
                int length = await context.Request.Body.ReadAtLeastAsync(piece.AsMemory(0, ControlMessage.MaxAppend), ControlMessage.MaxAppend, throwOnEndOfStream: false, context.RequestAborted);
                if (length > 0)
                {
                    ControlResult<ulong> appended = await kernel.AppendImageAsync(image.Id, offset, piece.AsMemory(0, length));
                    if (!appended.IsDone)
                        return Refusal(appended).Answer();
                    offset = appended.Value;
                }
                if (length < ControlMessage.MaxAppend)
                    break;
            }
        }
        catch (BadHttpRequestException exception)
        {
            return ApiProblem.Of(exception.StatusCode).Answer();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
        SetOffset(context, offset);
        return TypedResults.NoContent();
    }

    private static ApiProblem Refusal(ControlResult<ulong> result) => result.Status switch
    {
        ControlStatus.BadSize => ApiProblem.Of(StatusCodes.Status413PayloadTooLarge) with { Code = "tooLong", Detail = $"The image was begun with {result.Detail} bytes." },
        ControlStatus.WrongState => ApiProblem.Conflict("imageComplete", "The image is complete", "A complete image does not change."),
        _ => KernelProblems.Of(result),
    };

    private static async Task<IResult> CompleteAsync(string image, HttpContext context, KernelConnection kernel, AuditLog audit)
    {
        Outcome<ImageCompletion> body = await ApiBody.ReadAsync(context, ApiJson.Default.ImageCompletion);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        if (body.Value.Sha256.Length != 64 || !body.Value.Sha256.All(char.IsAsciiHexDigit))
            return ApiProblem.BadField("sha256", "badHash", "sha256 is not 64 hexadecimal digits.").Answer();
        if (await FindAsync(kernel, image) is not ImageRecord found)
            return ApiProblem.NotFound("image", image).Answer();
        if (found is { IsSealed: false } && found.Length < found.Bytes)
        {
            return ApiProblem.Conflict(
                "imageIncomplete", "The image is not whole", string.Create(CultureInfo.InvariantCulture, $"{found.Length} of {found.Bytes} bytes are there."), "Go on with the upload.").Answer();
        }
        ControlResult<bool> done = await kernel.SealImageAsync(found.Id, Convert.FromHexString(body.Value.Sha256));
        audit.Write(context, "image.complete", image, done.IsDone);
        if (done.Status == ControlStatus.WrongHash)
            return ApiProblem.BadField("sha256", "wrongHash", "What was uploaded has another SHA-256.", "Delete the image, and upload it again.").Answer();
        if (done.Status == ControlStatus.WrongState)
            return ApiProblem.Conflict("imageComplete", "The image is complete", "It has been completed already.").Answer();
        if (!done.IsDone)
            return KernelProblems.Of(done).Answer();
        return TypedResults.Json(Resource((await FindAsync(kernel, image))!.Value), ApiJson.Default.ImageResource);
    }

    private static async Task<ImageRecord?> FindAsync(KernelConnection kernel, string name)
    {
        foreach (ImageRecord image in await kernel.ListImagesAsync())
        {
            if (Inventory.NameOf(in image.Name) == name)
                return image;
        }
        return null;
    }

    public static ImageResource Resource(ImageRecord image)
    {
        byte[] hash = new byte[32];
        image.CopySha256To(hash);
        return new ImageResource
        {
            Name = Inventory.NameOf(in image.Name), Size = image.Bytes, Uploaded = image.Length, IsComplete = image.IsSealed,
            Sha256 = image.IsSealed ? Convert.ToHexStringLower(hash) : null, IsPersistent = (image.Options & StorageOptions.Persistent) != 0, Users = image.Users,
        };
    }

    private static void SetOffset(HttpContext context, ulong offset) => context.Response.Headers[OffsetHeader] = offset.ToString(CultureInfo.InvariantCulture);
}
