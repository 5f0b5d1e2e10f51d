using System.Numerics;
using System.Threading;

namespace HyperOS.Devices;

/// <summary>
/// Carries interrupt messages to a VM's local APICs and their EOI broadcasts back: Intel SDM vol. 3A, "Determining IPI Destination", and
/// "Message Signalled Interrupts". Any core may send at any time, without locks.
/// </summary>
public sealed class ApicBus
{
    /// <summary>The most vCPUs of a VM: sets of them are 64-bit masks.</summary>
    public const int MaxVcpus = 64;

    private const ulong MsiAddress = 0xFEE0_0000, MsiAddressMask = ~0xF_FFFFul;

    // Wiring.
    private readonly LocalApic?[] _apics;
    private readonly VcpuKick _kick;
    private readonly EndOfInterruptListener _listener;

    // State: which vCPUs' APICs are enabled, and which of those are in x2APIC mode; derived from the APICs' modes.
    private ulong _enabled;
    private ulong _x2Apic;

    // Where lowest-priority arbitration starts, so that equals take turns. Senders may race for it without harm.
    private int _nextArbitration;

    /// <summary>A bus for <paramref name="vcpuCount"/> vCPUs, at most <see cref="MaxVcpus"/>, whose local APICs then attach themselves.</summary>
    public ApicBus(int vcpuCount, VcpuKick kick, EndOfInterruptListener listener)
    {
        _apics = new LocalApic?[vcpuCount];
        _kick = kick;
        _listener = listener;
    }

    /// <summary>Delivers a message to whom it names.</summary>
    /// <returns>Whether an APIC has accepted it.</returns>
    public bool Deliver(in InterruptMessage message) => Deliver(in message, Targets(message.Destination, message.IsLogical), 0) != 0;

    /// <summary>
    /// A 32-bit store to the message address range. The redirection hint adds nothing: the delivery mode says who competes.
    /// Intel SDM vol. 3A, "Message Address Register Format" and "Message Data Register Format".
    /// </summary>
    /// <returns>Whether an APIC has accepted it; false for an address outside the range as well.</returns>
    public bool DeliverMsi(ulong address, uint data)
    {
        const uint LevelTriggered = 1 << 15, Assert = 1 << 14;
        var mode = (DeliveryMode)(data >> 8 & 7);
        if ((address & MsiAddressMask) != MsiAddress || (data & (LevelTriggered | Assert)) == LevelTriggered)
            return false;
        uint destination = InterruptMessage.Widen((byte)(address >> 12 & 0xFF));
        return Deliver(new InterruptMessage(destination, (address & 1 << 2) != 0, mode, (byte)(data & 0xFF), (data & LevelTriggered) != 0));
    }

    internal void Attach(LocalApic apic, int vcpu) => _apics[vcpu] = apic;

    internal void SetMode(int vcpu, ApicMode mode)
    {
        ulong bit = 1ul << vcpu;
        Put(ref _enabled, bit, mode != ApicMode.Disabled);
        Put(ref _x2Apic, bit, mode == ApicMode.X2Apic);
    }

    internal void DeliverIpi(in InterruptMessage message, IcrShorthand shorthand, int sender)
    {
        ulong self = 1ul << sender;
        ulong targets = shorthand switch
        {
            IcrShorthand.None => Targets(message.Destination, message.IsLogical),
            IcrShorthand.Self => self,
            IcrShorthand.AllIncludingSelf => Volatile.Read(ref _enabled),
            _ => Volatile.Read(ref _enabled) & ~self,
        };
        Deliver(in message, targets, self);
    }

    /// <summary>An IPI for those of a set whose APICs are enabled.</summary>
    /// <returns>How many have accepted it.</returns>
    internal int DeliverToMany(in InterruptMessage message, ulong targets, int sender) =>
        Deliver(in message, targets & Volatile.Read(ref _enabled), 1ul << sender);

    internal void BroadcastEndOfInterrupt(int vector) => _listener.EndOfInterrupt(vector);

    internal void Kick(int vcpu) => _kick.Kick(vcpu);

    private int Deliver(in InterruptMessage message, ulong targets, ulong senders)
    {
        if (message.Mode == DeliveryMode.LowestPriority)
            targets = Arbitrate(targets);
        int accepted = 0;
        for (; targets != 0; targets &= targets - 1)
        {
            int vcpu = BitOperations.TrailingZeroCount(targets);
            if (_apics[vcpu] is not LocalApic apic || !apic.Accept(in message, out bool isNews))
                continue;
            accepted++;
            if (isNews && (senders >> vcpu & 1) == 0)
                _kick.Kick(vcpu);
        }
        return accepted;
    }

    /// <summary>The enabled APICs that a destination names.</summary>
    private ulong Targets(uint destination, bool isLogical)
    {
        ulong enabled = Volatile.Read(ref _enabled);
        if (destination == InterruptMessage.Broadcast)
            return enabled;
        if (!isLogical)
            return destination < MaxVcpus ? enabled & 1ul << (int)destination : 0;
        ulong x2Apic = Volatile.Read(ref _x2Apic);
        uint cluster = destination >> 16;
        ulong targets = cluster < MaxVcpus / 16 ? (ulong)(destination & 0xFFFF) << (int)(cluster << 4) & x2Apic : 0;
        if (destination > 0xFF)
            return targets;
        for (ulong others = enabled & ~x2Apic; others != 0; others &= others - 1)
        {
            int vcpu = BitOperations.TrailingZeroCount(others);
            if (_apics[vcpu] is LocalApic apic && apic.MatchesLogical(destination))
                targets |= 1ul << vcpu;
        }
        return targets;
    }

    /// <summary>The target of least processor priority that accepts; equals take turns. SDM vol. 3A, "Lowest Priority Delivery Mode".</summary>
    private ulong Arbitrate(ulong targets)
    {
        int best = -1;
        uint lowest = uint.MaxValue;
        int start = Volatile.Read(ref _nextArbitration);
        for (ulong turn = BitOperations.RotateRight(targets, start); turn != 0; turn &= turn - 1)
        {
            int vcpu = BitOperations.TrailingZeroCount(turn) + start & MaxVcpus - 1;
            if (_apics[vcpu] is LocalApic apic && apic.IsSoftwareEnabled && apic.ProcessorPriority < lowest)
            {
                best = vcpu;
                lowest = apic.ProcessorPriority;
            }
        }
        if (best < 0)
            return 0;
        Volatile.Write(ref _nextArbitration, best + 1 & MaxVcpus - 1);
        return 1ul << best;
    }

    private static void Put(ref ulong set, ulong bit, bool value)
    {
        if (value)
            Interlocked.Or(ref set, bit);
        else
            Interlocked.And(ref set, ~bit);
    }
}
