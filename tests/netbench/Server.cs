using System.Net;
using HyperOS.Management.TcpIp;
using HyperOS.Management.TcpIpTransport;
using HyperOS.Tests.Tap;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace HyperOS.Tests.NetBench;

/// <summary>
/// The server under measurement: <c>/</c> answers a few bytes, <c>/bulk?N</c> sends N MiB, and a POST is read to its end. A line on its standard input asks
/// for its processor time so far, in microseconds.
/// </summary>
internal static class Server
{
    public const int Port = 80;

    private static readonly byte[] s_hello = "Hello, world!"u8.ToArray();
    private static readonly byte[] s_piece = new byte[64 * 1024];

    public static async Task RunAsync(bool isStack)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Any, Port);
            options.Limits.MaxRequestBodySize = null;
        });
        if (isStack)
            builder.Services.AddSingleton<IConnectionListenerFactory>(new TransportFactory(StartStack(), new TransportSettings()));
        await using WebApplication server = builder.Build();
        server.Run(AnswerAsync);
        await server.StartAsync();
        Console.WriteLine("ready");
        while (Console.ReadLine() is not null)
            Console.WriteLine((long)Environment.CpuUsage.TotalTime.TotalMicroseconds);
    }

    private static NetworkStack StartStack()
    {
        TapLink link = new("tap0");
        NetworkStack stack = new(link, TimeProvider.System, new SystemRandomSource());
        link.Start(stack);
        stack.Configure(new IpConfiguration(Run.ServerAddress, 24, null));
        return stack;
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        if (context.Request.Method == "POST")
        {
            byte[] buffer = new byte[s_piece.Length];
            while (await context.Request.Body.ReadAsync(buffer) != 0)
            {
            }
        }
        else if (context.Request.Path == "/bulk")
        {
            int pieces = 16 * int.Parse(context.Request.QueryString.Value![1..], System.Globalization.CultureInfo.InvariantCulture);
            response.ContentLength = (long)pieces * s_piece.Length;
            for (int i = 0; i < pieces; i++)
                await response.Body.WriteAsync(s_piece);
            return;
        }
        response.ContentLength = s_hello.Length;
        await response.Body.WriteAsync(s_hello);
    }
}
