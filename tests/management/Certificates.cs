using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace HyperOS.Tests.Management;

/// <summary>Certificates as an administrator brings them, and as a client sees them.</summary>
internal static class Certificates
{
    /// <returns>In PEM.</returns>
    public static (string Certificate, string Key) Make(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return (made.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <returns>The fingerprint of what a host shows.</returns>
    public static async Task<string> SeenAsync(Uri address)
    {
        using TcpClient client = new();
        await client.ConnectAsync(address.Host, address.Port);
        await using SslStream stream = new(client.GetStream(), false, ManagementProcess.Accept);
        await stream.AuthenticateAsClientAsync("hyperos");
        Assert.Equal(SslProtocols.Tls13, stream.SslProtocol);
        return string.Join(':', SHA256.HashData(stream.RemoteCertificate!.GetRawCertData()).Select(octet => octet.ToString("X2", System.Globalization.CultureInfo.InvariantCulture)));
    }
}
