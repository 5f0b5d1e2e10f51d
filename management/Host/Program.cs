using System;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Management.Configuration;
using HyperOS.Management.KernelClient;
using HyperOS.Management.KernelClient.Simulation;
using Microsoft.AspNetCore.Builder;

namespace HyperOS.Management;

internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        if (ServerOptions.Parse(arguments) is not ServerOptions options)
        {
            await Console.Error.WriteLineAsync(ServerOptions.Usage);
            return 2;
        }
        if (!options.IsSimulated && !DeviceKernel.IsPresent)
        {
            await Console.Error.WriteLineAsync("There is no HyperOS kernel below this process; --simulate has one in memory.");
            return 1;
        }
        IKernel kernel = options.IsSimulated ? new SimulatedKernel() : new DeviceKernel();
        IConfigurationStore store = options.State is string directory ? new FileConfigurationStore(directory) : new MemoryConfigurationStore();
        await using WebApplication app = ManagementServer.Build(kernel, store, options.Listen);
        await ManagementServer.StartAsync(app, CancellationToken.None);
        await ManagementServer.RunAsync(app, CancellationToken.None);
        return 0;
    }
}
