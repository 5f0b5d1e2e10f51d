using System;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using HyperOS.Management.Configuration;

namespace HyperOS.Management.Identity;

/// <summary>The host's certificate: ECDSA P-256, made once, signed by itself, and kept.</summary>
internal static class ServerCertificate
{
    private const string Key = "certificate/server";

    private static readonly TimeSpan s_lifetime = TimeSpan.FromDays(3650);

    public static X509Certificate2 Load(IConfigurationStore store, TimeProvider time)
    {
        if (store.Read(Key) is byte[] stored)
            return X509CertificateLoader.LoadPkcs12(stored, null);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=HyperOS", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("hyperos");
        names.AddDnsName("localhost");
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        DateTimeOffset now = time.GetUtcNow();
        using X509Certificate2 made = request.CreateSelfSigned(now - TimeSpan.FromDays(1), now + s_lifetime);
        byte[] pkcs12 = made.Export(X509ContentType.Pkcs12);
        store.Commit(new DocumentChange(Key, pkcs12));
        return X509CertificateLoader.LoadPkcs12(pkcs12, null);
    }

    /// <summary>As browsers show it.</summary>
    public static string Fingerprint(X509Certificate2 certificate)
    {
        string digits = certificate.GetCertHashString(HashAlgorithmName.SHA256);
        return string.Join(':', Enumerable.Range(0, digits.Length / 2).Select(i => digits.Substring(2 * i, 2)));
    }
}
