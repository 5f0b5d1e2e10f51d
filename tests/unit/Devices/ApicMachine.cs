using System.Runtime.InteropServices;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>Local APICs on a bus with an I/O APIC and an 8259A pair, and a record of who was kicked.</summary>
internal sealed class ApicMachine
{
    private sealed class KickRecorder(List<int> kicks) : VcpuKick
    {
        public override void Kick(int vcpu) => kicks.Add(vcpu);
    }

    private sealed class Broadcasts(ApicMachine machine) : EndOfInterruptListener
    {
        public override void EndOfInterrupt(int vector)
        {
            machine.BroadcastVectors.Add(vector);
            machine.IoApic.EndOfInterrupt(vector);
        }
    }

    public ApicMachine(int vcpus = 1)
    {
        Bus = new ApicBus(vcpus, new KickRecorder(Kicks), new Broadcasts(this));
        Apics = new LocalApic[vcpus];
        for (int i = 0; i < vcpus; i++)
            Apics[i] = new LocalApic(Bus, i, new uint[LocalApic.PageLength]);
        IoApic = new IoApic(Bus);
        Pic = new ProgrammableInterruptController(Apics[0]);
        Lines = new InterruptLines(Pic, IoApic);
    }

    public List<int> Kicks { get; } = [];

    public List<int> BroadcastVectors { get; } = [];

    public ApicBus Bus { get; }

    public LocalApic[] Apics { get; }

    public LocalApic Apic => Apics[0];

    public IoApic IoApic { get; }

    public ProgrammableInterruptController Pic { get; }

    public InterruptLines Lines { get; }

    /// <summary>All APICs in x2APIC mode and enabled by software.</summary>
    public static ApicMachine X2Apic(int vcpus = 1)
    {
        var machine = new ApicMachine(vcpus);
        foreach (LocalApic apic in machine.Apics)
        {
            Assert.Equal(MsrAccess.Done, apic.WriteApicBase(apic.ApicBase | 0xC00));
            machine.WriteMsr(ApicRegister.SVR, 0x1FF, apic.Vcpu);
        }
        return machine;
    }

    /// <summary>All APICs in xAPIC mode and enabled by software.</summary>
    public static ApicMachine XApic(int vcpus = 1)
    {
        var machine = new ApicMachine(vcpus);
        for (int i = 0; i < vcpus; i++)
            machine.Write(ApicRegister.SVR, 0x1FF, i);
        return machine;
    }

    /// <summary>A saved record's bytes, to compare.</summary>
    public static byte[] Bytes<T>(in T record) where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in record)).ToArray();

    public void WriteMsr(ApicRegister register, ulong value, int vcpu = 0, ulong now = 0, ulong tsc = 0) =>
        Assert.Equal(MsrAccess.Done, TryWriteMsr(register, value, vcpu, now, tsc));

    public MsrAccess TryWriteMsr(ApicRegister register, ulong value, int vcpu = 0, ulong now = 0, ulong tsc = 0) =>
        Apics[vcpu].WriteMsr(LocalApic.FirstMsr + (uint)register, value, now, tsc);

    public ulong ReadMsr(ApicRegister register, int vcpu = 0, ulong now = 0, ulong tsc = 0)
    {
        Assert.Equal(MsrAccess.Done, Apics[vcpu].ReadMsr(LocalApic.FirstMsr + (uint)register, now, tsc, out ulong value));
        return value;
    }

    public MsrAccess TryReadMsr(ApicRegister register) => Apic.ReadMsr(LocalApic.FirstMsr + (uint)register, 0, 0, out _);

    public void Write(ApicRegister register, uint value, int vcpu = 0, ulong now = 0, ulong tsc = 0) =>
        Apics[vcpu].WriteMmio((uint)register << 4, 4, value, now, tsc);

    public uint Read(ApicRegister register, int vcpu = 0, ulong now = 0, ulong tsc = 0) => Apics[vcpu].ReadMmio((uint)register << 4, now, tsc);

    /// <summary>A fixed interrupt for one vCPU, as an MSI in physical mode.</summary>
    public void SendFixed(int vector, int vcpu = 0) =>
        Bus.DeliverMsi(LocalApic.BaseAddress | (uint)vcpu << 12, (uint)vector);

    /// <summary>What <see cref="LocalApic.Poll"/> offers as a vector, or -1.</summary>
    public int Pending(int vcpu = 0) => Apics[vcpu].TryGetPending(out int vector) ? vector : -1;

    /// <summary>Delivers the pending vector to the processor.</summary>
    public int Take(int vcpu = 0)
    {
        int vector = Pending(vcpu);
        Assert.NotEqual(-1, vector);
        Apics[vcpu].Acknowledge(vector);
        return vector;
    }

    /// <summary>The vCPUs that have <paramref name="vector"/> pending.</summary>
    public List<int> WhoHas(int vector) => [.. Enumerable.Range(0, Apics.Length).Where(i => Pending(i) == vector)];

    public void WriteRedirection(int pin, ulong entry)
    {
        WriteIoApic(0x11 + 2 * pin, (uint)(entry >> 32));
        WriteIoApic(0x10 + 2 * pin, (uint)entry);
    }

    public ulong ReadRedirection(int pin) => ReadIoApic(0x10 + 2 * pin) | (ulong)ReadIoApic(0x11 + 2 * pin) << 32;

    public void WriteIoApic(int index, uint value)
    {
        IoApic.Write(0x00, (uint)index);
        IoApic.Write(0x10, value);
    }

    public uint ReadIoApic(int index)
    {
        IoApic.Write(0x00, (uint)index);
        return IoApic.Read(0x10);
    }
}
