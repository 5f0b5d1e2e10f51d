using System;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using HyperOS.Management.Api;
using HyperOS.Management.Audit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.Identity;

/// <summary>The host's certificate, as the API has it.</summary>
/// <param name="Fingerprint">SHA-256, as browsers show it.</param>
/// <param name="Subject">Whom it names.</param>
/// <param name="NotBefore">It holds from then on.</param>
/// <param name="NotAfter">It holds until then.</param>
/// <param name="IsOwn">The host made it, and signed it itself.</param>
internal sealed record CertificateResource(string Fingerprint, string Subject, DateTimeOffset NotBefore, DateTimeOffset NotAfter, bool IsOwn);

/// <summary>What installs one; both in PEM.</summary>
internal sealed record CertificateInstallation
{
    /// <summary>The host's, then those that lead to its root.</summary>
    public string Certificate { get; set; } = "";

    public string Key { get; set; } = "";
}

/// <summary>/host/certificate: what browsers check.</summary>
internal static class CertificateApi
{
    public static void MapCertificate(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/host/certificate").WithTags("Host");
        group.MapGet("", Read).Is(new ApiOperation { Summary = "Read the host's certificate", Role = Role.Viewer, Answer = typeof(CertificateResource) });
        group.MapPut("", InstallAsync).Is(new ApiOperation { Summary = "Install a certificate in place of the host's own; new connections get it", Role = Role.Administrator, Body = typeof(CertificateInstallation), Answer = typeof(CertificateResource), Problems = [413, 415] });
        group.MapDelete("", Remove).Is(new ApiOperation { Summary = "Go back to the host's own certificate", Role = Role.Administrator, Status = 204, Problems = [404] });
    }

    private static IResult Read(ServerCertificates certificates) => TypedResults.Json(Resource(certificates), ApiJson.Default.CertificateResource);

    private static async Task<IResult> InstallAsync(HttpContext context, ServerCertificates certificates, AuditLog audit)
    {
        Outcome<CertificateInstallation> body = await ApiBody.ReadAsync(context, ApiJson.Default.CertificateInstallation);
        if (body.Problem is ApiProblem malformed)
            return malformed.Answer();
        ApiProblem? problem = certificates.Install(body.Value.Certificate, body.Value.Key);
        audit.Write(context, "certificate.install", "host", problem is null);
        return problem is null ? Read(certificates) : problem.Answer();
    }

    private static IResult Remove(HttpContext context, ServerCertificates certificates, AuditLog audit)
    {
        bool removed = certificates.Remove();
        audit.Write(context, "certificate.remove", "host", removed);
        return removed ? TypedResults.NoContent() : ApiProblem.NotFound("certificate", "installed").Answer();
    }

    private static CertificateResource Resource(ServerCertificates certificates)
    {
        X509Certificate2 certificate = certificates.Current.TargetCertificate;
        return new CertificateResource(
            ServerCertificates.Fingerprint(certificate), certificate.Subject, new DateTimeOffset(certificate.NotBefore).ToUniversalTime(), new DateTimeOffset(certificate.NotAfter).ToUniversalTime(),
            !certificates.IsInstalled);
    }
}
