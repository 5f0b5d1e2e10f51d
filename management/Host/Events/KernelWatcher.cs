using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Abi.Control;
using HyperOS.Core;
using HyperOS.Management.KernelClient;
using HyperOS.Management.VirtualMachines;
using Microsoft.Extensions.Logging;

namespace HyperOS.Management.Events;

/// <summary>Hears the kernel's events, on a thread of its own, and has what they are about asked for anew.</summary>
internal sealed partial class KernelWatcher(KernelConnection kernel, VirtualMachines.VirtualMachines machines, ImageEvents images, ILogger<KernelWatcher> logger) : IDisposable
{
    private const int BufferLength = 64 * 40;

    private IDeviceFile? _file;

    /// <summary>Begins to hear; what happened before is for others to ask.</summary>
    public void Start()
    {
        _file = kernel.Kernel.Open(DevicePaths.Events);
        new Thread(() => Listen(_file)) { IsBackground = true, Name = "events" }.Start();
    }

    public void Dispose() => _file?.Dispose();

    private void Listen(IDeviceFile file)
    {
        byte[] buffer = new byte[BufferLength];
        while (true)
        {
            try
            {
                int length = file.Read(buffer);
                if (length == 0)
                    return;
                LittleEndianReader reader = new(buffer.AsSpan(0, length));
                while (reader.Remaining >= EventRecord.Size)
                    HandleAsync(EventRecord.Read(ref reader)).GetAwaiter().GetResult();
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (IOException exception)
            {
                LogFailed(exception);
            }
        }
    }

    private Task HandleAsync(EventRecord record) => record.Kind switch
    {
        EventKind.VmChanged or EventKind.VmMemory => machines.RefreshAsync(record.Subject),
        EventKind.ImageChanged or EventKind.ImageDeleted => images.TellAsync(record.Subject),
        EventKind.Resync => machines.RefreshAllAsync(),
        _ => Task.CompletedTask,
    };

    [LoggerMessage(1, LogLevel.Error, "The kernel's events could not be read, or handled.")]
    private partial void LogFailed(Exception exception);
}
