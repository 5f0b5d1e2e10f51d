using System;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Management.Api;
using HyperOS.Management.Audit;
using HyperOS.Management.Configuration;
using HyperOS.Management.Events;
using HyperOS.Management.HostControl;
using HyperOS.Management.Identity;
using HyperOS.Management.Images;
using HyperOS.Management.KernelClient;
using HyperOS.Management.Networking;
using HyperOS.Management.Tasks;
using HyperOS.Management.VirtualMachines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HyperOS.Management;

/// <summary>The process: its services, its limits, the walk of a request. docs/management.md.</summary>
internal static class ManagementServer
{
    private const int MaxConnections = 256;

    /// <summary>Puts the server together; nothing runs yet.</summary>
    /// <param name="kernel">Which to manage.</param>
    /// <param name="store">What lasts.</param>
    /// <param name="listen">Where.</param>
    /// <param name="configure">What else a system needs, such as its own transport.</param>
    public static WebApplication Build(IKernel kernel, IConfigurationStore store, IPEndPoint listen, Action<IServiceCollection>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { Args = [], ContentRootPath = "/", ApplicationName = "hyperos-management", EnvironmentName = "Production" });
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.AddProvider(new ConsoleLog());
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        IServiceCollection services = builder.Services;
        services.AddRoutingCore();
        services.AddSingleton<IHostLifetime, ProcessLifetime>();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(store);
        services.AddSingleton(_ => new KernelConnection(kernel));
        services.AddSingleton<HostClock>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<LoginThrottle>();
        services.AddSingleton<Identities>();
        services.AddSingleton<EventHub>();
        services.AddSingleton<ImageEvents>();
        services.AddSingleton<KernelWatcher>();
        services.AddSingleton<TaskManager>();
        services.AddSingleton<Networks>();
        services.AddSingleton<VirtualMachines.VirtualMachines>();
        services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default));
        ServerCertificates certificates = new(store, TimeProvider.System);
        services.AddSingleton(certificates);
        builder.WebHost.ConfigureKestrel(server => Configure(server, listen, certificates));
        configure?.Invoke(services);
        WebApplication app = builder.Build();
        app.UseMiddleware<RequestGuard>();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(30), KeepAliveTimeout = TimeSpan.FromSeconds(30) });
        app.UseRouting();
        app.UseMiddleware<Authentication>();
        Map(app);
        return app;
    }

    /// <summary>Takes up what is stored and what the kernel has, and begins to serve.</summary>
    public static async Task StartAsync(WebApplication app, CancellationToken cancellationToken)
    {
        IServiceProvider services = app.Services;
        await services.GetRequiredService<HostClock>().LoadAsync();
        services.GetRequiredService<KernelWatcher>().Start();
        await services.GetRequiredService<Networks>().LoadAsync();
        await services.GetRequiredService<VirtualMachines.VirtualMachines>().LoadAsync(cancellationToken);
        string? password = services.GetRequiredService<Identities>().MakeFirstUser();
        await app.StartAsync(cancellationToken);
        Console.WriteLine($"management: certificate SHA-256 {ServerCertificates.Fingerprint(services.GetRequiredService<ServerCertificates>().Current.TargetCertificate)}; your browser will warn: compare this");
        if (password is not null)
            Console.WriteLine($"management: sign in as admin with the password {password}, and change it; it is not shown again");
        foreach (string address in app.Urls)
            Console.WriteLine($"management: serving {address}");
    }

    /// <summary>Samples VMs' histories until the end.</summary>
    public static async Task RunAsync(WebApplication app, CancellationToken cancellationToken)
    {
        VirtualMachines.VirtualMachines machines = app.Services.GetRequiredService<VirtualMachines.VirtualMachines>();
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(VmHistory.SampleSeconds));
        while (await timer.WaitForNextTickAsync(cancellationToken))
            await machines.SampleAsync();
    }

    // Limits are set on purpose: nobody outside can make the process hold more than these allow.
    private static void Configure(KestrelServerOptions server, IPEndPoint listen, ServerCertificates certificates)
    {
        server.AddServerHeader = false;
        server.AllowSynchronousIO = false;
        KestrelServerLimits limits = server.Limits;
        limits.MaxConcurrentConnections = MaxConnections;
        limits.MaxConcurrentUpgradedConnections = ConsoleSession.MaxViewers;
        limits.MaxRequestBodySize = ImagesApi.MaxPiece;
        limits.MaxRequestHeadersTotalSize = 16 << 10;
        limits.MaxRequestHeaderCount = 64;
        limits.MaxRequestLineSize = 4 << 10;
        limits.MaxRequestBufferSize = 64 << 10;
        limits.MaxResponseBufferSize = 64 << 10;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 1024, gracePeriod: TimeSpan.FromSeconds(10));
        limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(10));
        limits.Http2.MaxStreamsPerConnection = 64;
        limits.Http2.InitialConnectionWindowSize = 256 << 10;
        limits.Http2.InitialStreamWindowSize = 128 << 10;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        server.Listen(listen, options =>
        {
            options.Protocols = HttpProtocols.Http1AndHttp2;
            options.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = certificates.Current, EnabledSslProtocols = SslProtocols.Tls13 }),
                HandshakeTimeout = TimeSpan.FromSeconds(10),
            });
        });
    }

    private static void Map(WebApplication app)
    {
        app.MapHealth();
        app.MapOpenApi();
        RouteGroupBuilder api = app.MapGroup("/api/v1");
        api.MapSessions();
        api.MapUsers();
        api.MapTokens();
        api.MapAudit();
        api.MapHost();
        api.MapCertificate();
        api.MapVirtualMachines();
        api.MapNetworks();
        api.MapImages();
        api.MapTasks();
        api.MapEvents();
    }

    /// <summary>The process ends when its main does; it has no terminal to watch.</summary>
    private sealed class ProcessLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
