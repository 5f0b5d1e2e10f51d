using System.Collections.Generic;
using System.Threading.Tasks;
using HyperOS.Management.Api;
using HyperOS.Management.Audit;
using HyperOS.Management.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.Networking;

/// <summary>/networks: virtual switches, their port groups and ports.</summary>
internal static class NetworksApi
{
    public static void MapNetworks(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/networks").WithTags("Networks");
        group.MapGet("", ListAsync).Is(new ApiOperation { Summary = "List networks with their port groups", Role = Role.Viewer, Answer = typeof(Page<NetworkResource>), Query = ListQuery.Parameters });
        group.MapPost("", CreateAsync).Is(new ApiOperation { Summary = "Make a network", Role = Role.Operator, Body = typeof(NetworkConfig), Answer = typeof(NetworkResource), Status = 201, Problems = [409, 413, 415] });
        group.MapGet("/{network}", ReadAsync).Is(new ApiOperation { Summary = "Read a network", Role = Role.Viewer, Answer = typeof(NetworkResource), Problems = [404] });
        group.MapPatch("/{network}", ChangeAsync).Is(new ApiOperation { Summary = "Change a network by JSON Merge Patch", Role = Role.Operator, Body = typeof(NetworkConfig), BodyContentType = "application/merge-patch+json", Answer = typeof(NetworkResource), Problems = [404, 409, 412, 413, 415] });
        group.MapDelete("/{network}", DeleteAsync).Is(new ApiOperation { Summary = "Delete a network to which no VM is connected", Role = Role.Operator, Status = 204, Problems = [404, 409] });
        group.MapPost("/{network}/port-groups", CreateGroupAsync).Is(new ApiOperation { Summary = "Make a port group", Role = Role.Operator, Body = typeof(PortGroupConfig), Answer = typeof(NetworkResource), Status = 201, Problems = [404, 409, 413, 415] });
        group.MapPut("/{network}/port-groups/{portGroup}", ReplaceGroupAsync).Is(new ApiOperation { Summary = "Replace what a port group is", Role = Role.Operator, Body = typeof(PortGroupConfig), Answer = typeof(NetworkResource), Problems = [404, 409, 413, 415] });
        group.MapDelete("/{network}/port-groups/{portGroup}", DeleteGroupAsync).Is(new ApiOperation { Summary = "Delete a port group to which no VM is connected", Role = Role.Operator, Status = 204, Problems = [404, 409] });
        group.MapGet("/{network}/ports", ListPortsAsync).Is(new ApiOperation { Summary = "List a network's ports with their counters", Role = Role.Viewer, Answer = typeof(Page<PortResource>), Query = ListQuery.Parameters, Problems = [404] });
    }

    private static async Task<IResult> ListAsync(HttpContext context, Networks networks) => ListQuery.Apply(
        context.Request,
        await networks.ListAsync(),
        new ListField<NetworkResource>("name", network => network.Name),
        new ListField<NetworkResource>("ports", network => network.Ports)).Answer(page => TypedResults.Json(page, ApiJson.Default.PageNetworkResource));

    private static async Task<IResult> ReadAsync(string network, HttpContext context, Networks networks) =>
        await networks.FindAsync(network) is NetworkResource found ? Answer(context, found, StatusCodes.Status200OK) : ApiProblem.NotFound("network", network).Answer();

    private static async Task<IResult> CreateAsync(HttpContext context, Networks networks, AuditLog audit)
    {
        Outcome<NetworkConfig> body = await ApiBody.ReadAsync(context, ApiJson.Default.NetworkConfig);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        Outcome<NetworkResource> made = await networks.WriteAsync(body.Value, precondition: null);
        audit.Write(context, "network.create", body.Value.Name, made.Problem is null);
        return made.Answer(network => Created(context, network));
    }

    private static async Task<IResult> ChangeAsync(string network, HttpContext context, Networks networks, AuditLog audit)
    {
        if (await networks.FindAsync(network) is not NetworkResource found)
            return ApiProblem.NotFound("network", network).Answer();
        Outcome<NetworkConfig> body = await ApiBody.ReadPatchAsync(context, found.Config, ApiJson.Default.NetworkConfig);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        if (body.Value.Name != network)
            return ApiProblem.BadField("name", "nameFixed", "A network keeps its name.", "Make another network.").Answer();
        Outcome<NetworkResource> changed = await networks.WriteAsync(body.Value, ETags.Precondition(context, isRequired: false));
        audit.Write(context, "network.change", network, changed.Problem is null);
        return changed.Answer(now => Answer(context, now, StatusCodes.Status200OK));
    }

    private static async Task<IResult> DeleteAsync(string network, HttpContext context, Networks networks, AuditLog audit)
    {
        ApiProblem? problem = await networks.DeleteAsync(network);
        audit.Write(context, "network.delete", network, problem is null);
        return problem is null ? TypedResults.NoContent() : problem.Answer();
    }

    private static async Task<IResult> CreateGroupAsync(string network, HttpContext context, Networks networks, AuditLog audit)
    {
        Outcome<PortGroupConfig> body = await ApiBody.ReadAsync(context, ApiJson.Default.PortGroupConfig);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        Outcome<NetworkResource> made = await networks.WriteGroupAsync(network, body.Value, isNew: true);
        audit.Write(context, "portGroup.create", $"{network}/{body.Value.Name}", made.Problem is null);
        return made.Answer(changed => Created(context, changed));
    }

    private static async Task<IResult> ReplaceGroupAsync(string network, string portGroup, HttpContext context, Networks networks, AuditLog audit)
    {
        Outcome<PortGroupConfig> body = await ApiBody.ReadAsync(context, ApiJson.Default.PortGroupConfig);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        if (body.Value.Name != portGroup)
            return ApiProblem.BadField("name", "nameFixed", "A port group keeps its name.", "Make another one.").Answer();
        Outcome<NetworkResource> changed = await networks.WriteGroupAsync(network, body.Value, isNew: false);
        audit.Write(context, "portGroup.change", $"{network}/{portGroup}", changed.Problem is null);
        return changed.Answer(now => Answer(context, now, StatusCodes.Status200OK));
    }

    private static async Task<IResult> DeleteGroupAsync(string network, string portGroup, HttpContext context, Networks networks, AuditLog audit)
    {
        ApiProblem? problem = await networks.DeleteGroupAsync(network, portGroup);
        audit.Write(context, "portGroup.delete", $"{network}/{portGroup}", problem is null);
        return problem is null ? TypedResults.NoContent() : problem.Answer();
    }

    private static async Task<IResult> ListPortsAsync(string network, HttpContext context, Networks networks, VirtualMachines.VirtualMachines machines)
    {
        IReadOnlyList<PortResource>? ports = await networks.ListPortsAsync(network, machines);
        if (ports is null)
            return ApiProblem.NotFound("network", network).Answer();
        return ListQuery.Apply(
            context.Request,
            ports,
            new ListField<PortResource>("id", port => port.Id),
            new ListField<PortResource>("kind", port => port.Kind),
            new ListField<PortResource>("vm", port => port.Vm),
            new ListField<PortResource>("portGroup", port => port.PortGroup)).Answer(page => TypedResults.Json(page, ApiJson.Default.PagePortResource));
    }

    private static IResult Created(HttpContext context, NetworkResource network)
    {
        context.Response.Headers.Location = $"/api/v1/networks/{network.Name}";
        return Answer(context, network, StatusCodes.Status201Created);
    }

    private static IResult Answer(HttpContext context, NetworkResource network, int status)
    {
        ETags.Set(context, network.Revision);
        return TypedResults.Json(network, ApiJson.Default.NetworkResource, statusCode: status);
    }
}
