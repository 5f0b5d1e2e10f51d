using System;
using System.Collections.Concurrent;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Abi.Control;

namespace HyperOS.Management.KernelClient;

/// <summary>Conversations with the kernel: so many open control files, each with the thread that waits for its answers.</summary>
internal sealed class ControlChannel : IDisposable
{
    private readonly BlockingCollection<Action<IDeviceFile, byte[], byte[]>> _work = new(boundedCapacity: 1024);

    public ControlChannel(IKernel kernel, int threads)
    {
        for (int i = 0; i < threads; i++)
        {
            IDeviceFile file = kernel.Open(DevicePaths.Control);
            new Thread(() => Serve(file)) { IsBackground = true, Name = $"control {i}" }.Start();
        }
    }

    public delegate bool BodyWriter<TState>(TState state, ref RequestWriter request);

    public delegate T AnswerParser<T>(ref AnswerReader answer);

    /// <summary>Asks the kernel; the answer is parsed only if the status is Done.</summary>
    /// <exception cref="IOException">The kernel's answer is none.</exception>
    public Task<ControlResult<T>> CallAsync<TState, T>(ControlOperation operation, TState state, BodyWriter<TState> write, AnswerParser<T> parse)
    {
        TaskCompletionSource<ControlResult<T>> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add((file, request, answer) =>
        {
            try
            {
                done.SetResult(Call(file, request, answer, operation, state, write, parse));
            }
            catch (Exception exception) when (exception is IOException or InvalidOperationException)
            {
                done.SetException(exception);
            }
        });
        return done.Task;
    }

    public void Dispose() => _work.CompleteAdding();

    private static ControlResult<T> Call<TState, T>(
        IDeviceFile file, byte[] request, byte[] answer, ControlOperation operation, TState state, BodyWriter<TState> write, AnswerParser<T> parse)
    {
        RequestWriter writer = new(request, operation);
        if (!write(state, ref writer) || !writer.TryFinish(out int length))
            throw new InvalidOperationException($"A request {operation} does not fit.");
        file.Write(request.AsSpan(0, length));
        int read = file.Read(answer);
        if (!AnswerReader.TryOpen(answer.AsSpan(0, read), operation, out AnswerReader reader))
            throw new IOException($"The kernel's answer to {operation} is none.");
        if (reader.Header.Status != ControlStatus.Done)
            return new ControlResult<T>(reader.Header.Status, reader.Header.Detail, default!);
        T value = parse(ref reader);
        if (reader.Body.Overrun)
            throw new IOException($"The kernel's answer to {operation} is cut off.");
        return new ControlResult<T>(ControlStatus.Done, 0, value);
    }

    private void Serve(IDeviceFile file)
    {
        byte[] request = new byte[ControlMessage.MaxLength], answer = new byte[ControlMessage.MaxLength];
        using (file)
        {
            foreach (Action<IDeviceFile, byte[], byte[]> work in _work.GetConsumingEnumerable())
                work(file, request, answer);
        }
    }
}
