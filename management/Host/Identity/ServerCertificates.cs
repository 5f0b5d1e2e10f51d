using System;
using System.Linq;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using HyperOS.Management.Api;
using HyperOS.Management.Configuration;

namespace HyperOS.Management.Identity;

/// <summary>What the host shows to those who connect: a certificate of its own, ECDSA P-256, made once, signed by itself and kept; or one that was installed.</summary>
internal sealed class ServerCertificates
{
    private const string OwnKey = "certificate/server", InstalledKey = "certificate/installed";

    private static readonly TimeSpan s_lifetime = TimeSpan.FromDays(3650);

    private readonly IConfigurationStore _store;
    private readonly TimeProvider _time;
    private readonly SslStreamCertificateContext _own;
    private volatile SslStreamCertificateContext? _installed;

    public ServerCertificates(IConfigurationStore store, TimeProvider time)
    {
        (_store, _time) = (store, time);
        _own = Context(X509CertificateLoader.LoadPkcs12Collection(store.Read(OwnKey) ?? MakeOwn(), null));
        _installed = store.Read(InstalledKey) is byte[] installed ? Context(X509CertificateLoader.LoadPkcs12Collection(installed, null)) : null;
    }

    /// <summary>The one that connections get from now on, with its chain.</summary>
    public SslStreamCertificateContext Current => _installed ?? _own;

    public bool IsInstalled => _installed is not null;

    /// <summary>As browsers show it.</summary>
    public static string Fingerprint(X509Certificate2 certificate)
    {
        string digits = certificate.GetCertHashString(HashAlgorithmName.SHA256);
        return string.Join(':', Enumerable.Range(0, digits.Length / 2).Select(i => digits.Substring(2 * i, 2)));
    }

    /// <summary>Takes another certificate in place of the own one.</summary>
    /// <param name="certificates">In PEM: the host's, then those that lead to its root.</param>
    /// <param name="key">In PEM, of the first.</param>
    public ApiProblem? Install(string certificates, string key)
    {
        X509Certificate2Collection chain = [];
        try
        {
            chain.ImportFromPem(certificates);
        }
        catch (CryptographicException)
        {
            chain.Clear();
        }
        if (chain.Count == 0)
            return ApiProblem.BadField("certificate", "noCertificate", "certificate holds no certificate in PEM.", "Send the host's first, then those that lead to its root.");
        if (chain[0].NotAfter <= _time.GetLocalNow().DateTime)
            return ApiProblem.BadField("certificate", "expired", "The certificate has expired.");
        try
        {
            chain[0] = X509Certificate2.CreateFromPem(certificates, key);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            return ApiProblem.BadField("key", "wrongKey", "key holds no private key of the certificate in PEM, or an encrypted one.");
        }
        byte[] pkcs12 = chain.Export(X509ContentType.Pkcs12)!;
        _store.Commit(new DocumentChange(InstalledKey, pkcs12));
        _installed = Context(X509CertificateLoader.LoadPkcs12Collection(pkcs12, null));
        return null;
    }

    /// <summary>Goes back to the own one.</summary>
    /// <returns>False if it was that.</returns>
    public bool Remove()
    {
        if (!IsInstalled)
            return false;
        _store.Commit(new DocumentChange(InstalledKey, null));
        _installed = null;
        return true;
    }

    // Nothing is looked up elsewhere: there may be no way out.
    private static SslStreamCertificateContext Context(X509Certificate2Collection chain) =>
        SslStreamCertificateContext.Create(chain.First(certificate => certificate.HasPrivateKey), [.. chain.Where(certificate => !certificate.HasPrivateKey)], offline: true);

    private byte[] MakeOwn()
    {
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
        DateTimeOffset now = _time.GetUtcNow();
        using X509Certificate2 made = request.CreateSelfSigned(now - TimeSpan.FromDays(1), now + s_lifetime);
        byte[] pkcs12 = made.Export(X509ContentType.Pkcs12);
        _store.Commit(new DocumentChange(OwnKey, pkcs12));
        return pkcs12;
    }
}
