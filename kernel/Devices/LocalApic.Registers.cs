using System.Threading;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Specs.X86;
using BaseFlags = HyperOS.Specs.X86.ApicBase;

namespace HyperOS.Devices;

/// <content>How the guest reaches the registers: the xAPIC page, the x2APIC MSRs and IA32_APIC_BASE.</content>
public sealed partial class LocalApic
{
    /// <summary>Guest-physical address of the register page. It cannot be moved: IA32_APIC_BASE refuses other addresses.</summary>
    public const ulong BaseAddress = 0xFEE0_0000;

    /// <summary>First of the x2APIC MSRs; they end at 8FFH.</summary>
    public const uint FirstMsr = Msr.IA32_X2APIC_FIRST;

    private const ulong BaseBsp = (ulong)BaseFlags.BSP, BaseExtd = (ulong)BaseFlags.EXTD, BaseEn = (ulong)BaseFlags.EN;

    // Version 14H, maximum LVT entry 5, EOI-broadcast suppression.
    private const uint VersionValue = 0x14 | 5 << 16 | 1 << 24;

    private const uint SvrEnable = 1 << 8, SvrSuppressEoiBroadcast = 1 << 12, SvrWritable = 0x13FF, SvrReset = 0xFF;
    private const uint DfrFlat = 0xFFFF_FFFF, DfrFixedBits = 0x0FFF_FFFF;

    private const int LvtModeShift = 8;
    private const uint LvtRemoteIrr = 1 << 14, LvtLevelTriggered = 1 << 15, LvtMask = 1 << 16;
    private const uint LvtErrorWritable = 0xFF | LvtMask;
    private const uint LvtTimerWritable = LvtErrorWritable | TimerModeMask;
    private const uint LvtSensorWritable = LvtErrorWritable | 7 << LvtModeShift;
    private const uint LvtLintWritable = LvtSensorWritable | 1 << 13 | LvtLevelTriggered;

    private const uint DeliveryStatus = 1 << 12;

    private const uint IcrLogical = 1 << 11, IcrAssert = 1 << 14, IcrLevelTriggered = 1 << 15;
    private const int IcrModeShift = 8, IcrShorthandShift = 18;
    private const uint IcrWritable = 0xFF | 7 << IcrModeShift | IcrLogical | IcrAssert | IcrLevelTriggered | 3 << IcrShorthandShift;

    private const uint ErrorSendIllegalVector = 1 << 5, ErrorReceiveIllegalVector = 1 << 6, ErrorIllegalRegister = 1 << 7;
    private const uint ErrorBits = ErrorSendIllegalVector | ErrorReceiveIllegalVector | ErrorIllegalRegister;

    // Sets of registers, one bit for each number.
    private const ulong VectorSets = 0xFFFFFFul << (int)ApicRegister.ISR;
    private const ulong LvtRegisters = 0x3Ful << (int)ApicRegister.LVTTimer;
    private const ulong CommonRegisters = 1ul << (int)ApicRegister.ID | 1ul << (int)ApicRegister.Version | 1ul << (int)ApicRegister.TPR |
        1ul << (int)ApicRegister.PPR | 1ul << (int)ApicRegister.LDR | 1ul << (int)ApicRegister.SVR | VectorSets | 1ul << (int)ApicRegister.ESR |
        1ul << (int)ApicRegister.ICR | LvtRegisters | 1ul << (int)ApicRegister.InitialCount | 1ul << (int)ApicRegister.CurrentCount |
        1ul << (int)ApicRegister.DivideConfiguration;
    private const ulong XApicRegisters = CommonRegisters | 1ul << (int)ApicRegister.APR | 1ul << (int)ApicRegister.EOI |
        1ul << (int)ApicRegister.RRD | 1ul << (int)ApicRegister.DFR | 1ul << (int)ApicRegister.ICRHigh;
    private const ulong X2ApicReadable = CommonRegisters;
    private const ulong X2ApicWritable = 1ul << (int)ApicRegister.TPR | 1ul << (int)ApicRegister.EOI | 1ul << (int)ApicRegister.SVR |
        1ul << (int)ApicRegister.ESR | 1ul << (int)ApicRegister.ICR | LvtRegisters | 1ul << (int)ApicRegister.InitialCount |
        1ul << (int)ApicRegister.DivideConfiguration | 1ul << (int)ApicRegister.SelfIPI;

    /// <summary>IA32_APIC_BASE. Intel SDM vol. 3A, "Local APIC Status and Location".</summary>
    public ulong ApicBase => BaseAddress | (_vcpu == 0 ? BaseBsp : 0) | _mode switch
    {
        ApicMode.XApic => BaseEn,
        ApicMode.X2Apic => BaseEn | BaseExtd,
        _ => 0,
    };

    /// <summary>
    /// WRMSR to IA32_APIC_BASE. Reserved bits, another base address and transitions that the manual calls invalid raise #GP; the BSP bit keeps
    /// its value. Disabling loses the registers' contents. Intel SDM vol. 3A, "x2APIC State Transitions".
    /// </summary>
    public MsrAccess WriteApicBase(ulong value)
    {
        if (!TryDecodeBase(value, out ApicMode mode) || _mode == ApicMode.Disabled && mode == ApicMode.X2Apic ||
            _mode == ApicMode.X2Apic && mode == ApicMode.XApic)
        {
            return MsrAccess.GeneralProtection;
        }
        if (mode == _mode)
            return MsrAccess.Done;
        SetMode(mode);
        if (mode == ApicMode.Disabled)
        {
            Interlocked.And(ref _pending, ~RequestWords);
            ResetRegisters();
        }
        return MsrAccess.Done;
    }

    /// <summary>
    /// A load from the xAPIC page. Registers are 32 bits wide at offsets that 16 divides; the bytes between read as zero. While the APIC is
    /// not in xAPIC mode nothing answers.
    /// </summary>
    /// <returns>The bytes from <paramref name="offset"/> on, lowest first; the caller takes as many as the access is wide.</returns>
    public uint ReadMmio(uint offset, ulong now, ulong tsc)
    {
        if (_mode != ApicMode.XApic)
            return 0xFFFF_FFFF;
        uint number = (offset & 0xFFF) >> 4;
        if (!Contains(XApicRegisters, number))
        {
            LogError(ErrorIllegalRegister);
            return 0;
        }
        int skipped = (int)(offset & 0xF);
        return skipped < 4 ? Load((ApicRegister)number, now, tsc) >> (skipped << 3) : 0;
    }

    /// <summary>A store to the xAPIC page: other than of 32 bits at an offset that 16 divides it is ignored, as are stores to read-only registers.</summary>
    public void WriteMmio(uint offset, int size, uint value, ulong now, ulong tsc)
    {
        if (_mode != ApicMode.XApic || size != 4 || (offset & 0xF) != 0)
            return;
        FaultPoint.Hit(FaultPlace.LocalApic);
        uint number = (offset & 0xFFF) >> 4;
        if (!Contains(XApicRegisters, number))
        {
            LogError(ErrorIllegalRegister);
            return;
        }
        var register = (ApicRegister)number;
        switch (register)
        {
            case ApicRegister.LDR:
                Register(register) = value & 0xFF00_0000;
                break;
            case ApicRegister.DFR:
                Register(register) = value | DfrFixedBits;
                break;
            case ApicRegister.ICRHigh:
                Register(register) = value & 0xFF00_0000;
                break;
            case ApicRegister.ICR:
                SendIpi(value & IcrWritable, InterruptMessage.Widen((byte)(Register(ApicRegister.ICRHigh) >> 24)));
                break;
            default:
                Store(register, value & WritableBits(register), now, tsc);
                break;
        }
    }

    /// <summary>
    /// RDMSR of 800H-8FFH. Intel SDM vol. 3A, "x2APIC Register Address Space": outside x2APIC mode, and for registers that do not exist or
    /// are write-only, #GP.
    /// </summary>
    public MsrAccess ReadMsr(uint msr, ulong now, ulong tsc, out ulong value)
    {
        value = 0;
        uint number = unchecked(msr - FirstMsr);
        if (_mode != ApicMode.X2Apic || !Contains(X2ApicReadable, number))
            return MsrAccess.GeneralProtection;
        var register = (ApicRegister)number;
        value = Load(register, now, tsc);
        if (register == ApicRegister.ICR)
            value |= (ulong)Register(ApicRegister.ICRHigh) << 32;
        return MsrAccess.Done;
    }

    /// <summary>
    /// WRMSR to 800H-8FFH. Intel SDM vol. 3A, "Reserved Bit Checking": reserved bits, and EOI and ESR written with other than zero, raise
    /// #GP; bits that are only read-only are ignored.
    /// </summary>
    public MsrAccess WriteMsr(uint msr, ulong value, ulong now, ulong tsc)
    {
        uint number = unchecked(msr - FirstMsr);
        if (_mode != ApicMode.X2Apic || !Contains(X2ApicWritable, number))
            return MsrAccess.GeneralProtection;
        var register = (ApicRegister)number;
        uint low = unchecked((uint)value), high = (uint)(value >> 32);
        uint writable = WritableBits(register);
        if ((low & ~(writable | ReadOnlyBits(register))) != 0 || high != 0 && register != ApicRegister.ICR)
            return MsrAccess.GeneralProtection;
        if (register == ApicRegister.ICR)
        {
            Register(ApicRegister.ICRHigh) = high;
            SendIpi(low & writable, high);
        }
        else
        {
            Store(register, low & writable, now, tsc);
        }
        return MsrAccess.Done;
    }

    private static bool Contains(ulong registers, uint number) => number < 64 && (registers >> (int)number & 1) != 0;

    private uint Load(ApicRegister register, ulong now, ulong tsc)
    {
        if (register != ApicRegister.CurrentCount)
            return Register(register);
        Advance(now, tsc);
        return RemainingCount(now);
    }

    /// <summary>Stores what a register can hold: reserved bits are gone from <paramref name="value"/> by now.</summary>
    private void Store(ApicRegister register, uint value, ulong now, ulong tsc)
    {
        switch (register)
        {
            case ApicRegister.EOI:
                EndOfInterrupt();
                break;
            case ApicRegister.TPR:
                SetTaskPriority(value);
                break;
            case ApicRegister.SelfIPI:
                SendToSelf((int)value);
                break;
            case ApicRegister.SVR:
                StoreSpuriousVector(value);
                break;
            case ApicRegister.ESR:
                Register(register) = Interlocked.Exchange(ref _errors, 0);
                break;
            case ApicRegister.LVTTimer:
                StoreTimerEntry(ForceMask(value), now, tsc);
                break;
            case ApicRegister.LVTLint0:
            case ApicRegister.LVTLint1:
                if ((value & LvtLevelTriggered) != 0)
                    value |= Register(register) & LvtRemoteIrr;
                Register(register) = ForceMask(value);
                break;
            case ApicRegister.LVTThermal:
            case ApicRegister.LVTPerformance:
            case ApicRegister.LVTError:
                Register(register) = ForceMask(value);
                break;
            case ApicRegister.InitialCount:
                StoreInitialCount(value, now);
                break;
            case ApicRegister.DivideConfiguration:
                StoreDivideConfiguration(value, now, tsc);
                break;
        }
    }

    /// <summary>While software has the APIC disabled, LVT entries are masked and stay so: SDM vol. 3A, "Local APIC State After It Has Been Software Disabled".</summary>
    private uint ForceMask(uint entry) => IsSoftwareEnabled ? entry : entry | LvtMask;

    private void StoreSpuriousVector(uint value)
    {
        Register(ApicRegister.SVR) = value;
        if ((value & SvrEnable) != 0)
            return;
        for (ApicRegister entry = ApicRegister.LVTTimer; entry <= ApicRegister.LVTError; entry++)
            Register(entry) |= LvtMask;
    }

    /// <summary>
    /// Sends by a command whose reserved bits are clear. INIT level de-assert does nothing on processors since the Pentium 4, ExtINT cannot be
    /// sent, and an illegal vector is an error that is not sent: SDM vol. 3A, "Interrupt Command Register (ICR)".
    /// </summary>
    private void SendIpi(uint command, uint destination)
    {
        Register(ApicRegister.ICR) = command;
        if (TryMakeMessage(command, destination, out InterruptMessage message))
            _bus.DeliverIpi(in message, (IcrShorthand)(command >> IcrShorthandShift & 3), _vcpu);
    }

    /// <summary>
    /// KVM_HC_SEND_IPI: one interrupt command for each APIC of a set; lowest priority means fixed here. Linux,
    /// Documentation/virt/kvm/x86/hypercalls.rst.
    /// </summary>
    /// <param name="low">Bit n means the APIC ID <paramref name="lowest"/> + n.</param>
    /// <param name="high">Bit n means the APIC ID <paramref name="lowest"/> + <paramref name="width"/> + n.</param>
    /// <param name="width">Bits of a set: 32 or 64.</param>
    /// <param name="accepted">How many APICs have accepted it.</param>
    /// <returns>False where the command names destinations of its own.</returns>
    public bool TrySendToMany(ulong low, ulong high, int width, uint lowest, uint command, out int accepted)
    {
        accepted = 0;
        if ((command & (IcrLogical | 3 << IcrShorthandShift)) != 0)
            return false;
        ulong targets = FromId(low, lowest) | FromId(high, (ulong)lowest + (uint)width);
        if ((DeliveryMode)(command >> IcrModeShift & 7) == DeliveryMode.LowestPriority)
            command &= ~(7u << IcrModeShift);
        if (TryMakeMessage(command & IcrWritable, 0, out InterruptMessage message))
            accepted = _bus.DeliverToMany(in message, targets, _vcpu);
        return true;
    }

    private static ulong FromId(ulong set, ulong first) => first < ApicBus.MaxVcpus ? set << (int)first : 0;

    private bool TryMakeMessage(uint command, uint destination, out InterruptMessage message)
    {
        var mode = (DeliveryMode)(command >> IcrModeShift & 7);
        byte vector = (byte)(command & 0xFF);
        message = new InterruptMessage(destination, (command & IcrLogical) != 0, mode, vector, isLevel: false);
        switch (mode)
        {
            case DeliveryMode.Fixed:
            case DeliveryMode.LowestPriority:
                if (vector < FirstLegalVector)
                    LogError(ErrorSendIllegalVector);
                return vector >= FirstLegalVector;
            case DeliveryMode.INIT:
                return (command & (IcrLevelTriggered | IcrAssert)) != IcrLevelTriggered;
            default:
                return mode != DeliveryMode.ExtINT;
        }
    }

    /// <summary>SDM vol. 3A, "SELF IPI Register".</summary>
    private void SendToSelf(int vector)
    {
        if (vector < FirstLegalVector)
            LogError(ErrorSendIllegalVector);
        else if (IsSoftwareEnabled)
            Request(vector, isLevel: false);
    }

    private static uint WritableBits(ApicRegister register) => register switch
    {
        ApicRegister.TPR => 0xFF,
        ApicRegister.SVR => SvrWritable,
        ApicRegister.ICR => IcrWritable,
        ApicRegister.LVTTimer => LvtTimerWritable,
        ApicRegister.LVTThermal or ApicRegister.LVTPerformance => LvtSensorWritable,
        ApicRegister.LVTLint0 or ApicRegister.LVTLint1 => LvtLintWritable,
        ApicRegister.LVTError => LvtErrorWritable,
        ApicRegister.InitialCount => 0xFFFF_FFFF,
        ApicRegister.DivideConfiguration => DivideWritable,
        ApicRegister.SelfIPI => 0xFF,
        _ => 0,
    };

    private static uint ReadOnlyBits(ApicRegister register) => register switch
    {
        ApicRegister.ICR or ApicRegister.LVTTimer or ApicRegister.LVTThermal or ApicRegister.LVTPerformance or ApicRegister.LVTError => DeliveryStatus,
        ApicRegister.LVTLint0 or ApicRegister.LVTLint1 => DeliveryStatus | LvtRemoteIrr,
        _ => 0,
    };

    private static bool IsUnmasked(uint entry) => (entry & LvtMask) == 0;

    private static DeliveryMode LvtMode(uint entry) => (DeliveryMode)(entry >> LvtModeShift & 7);

    private static bool TryDecodeBase(ulong value, out ApicMode mode)
    {
        mode = (value & BaseEn) == 0 ? ApicMode.Disabled : (value & BaseExtd) == 0 ? ApicMode.XApic : ApicMode.X2Apic;
        return (value & ~(BaseBsp | BaseExtd | BaseEn)) == BaseAddress && (value & (BaseEn | BaseExtd)) != BaseExtd;
    }

    private void SetMode(ApicMode mode)
    {
        _mode = mode;
        StoreIdentity();
        _bus.SetMode(_vcpu, mode);
    }

    /// <summary>ID, and in x2APIC mode the logical ID that derives from it: SDM vol. 3A, "Deriving Logical x2APIC ID from the Local x2APIC ID".</summary>
    private void StoreIdentity()
    {
        uint id = (uint)_vcpu;
        Register(ApicRegister.ID) = _mode == ApicMode.X2Apic ? id : id << 24;
        Register(ApicRegister.LDR) = _mode == ApicMode.X2Apic ? id >> 4 << 16 | 1u << (_vcpu & 0xF) : 0;
    }

    /// <summary>SDM vol. 3A, "Local APIC State After Power-Up or Reset".</summary>
    private void ResetRegisters()
    {
        for (int i = 0; i < LocalApicRegisters.Count; i++)
            _registers[i << 2] = 0;
        StoreIdentity();
        Register(ApicRegister.Version) = VersionValue;
        Register(ApicRegister.DFR) = DfrFlat;
        Register(ApicRegister.SVR) = SvrReset;
        for (ApicRegister entry = ApicRegister.LVTTimer; entry <= ApicRegister.LVTError; entry++)
            Register(entry) = LvtMask;
        _errors = 0;
        _deadline = 0;
        _period = 0;
        _inServiceWords = 0;
    }

    /// <summary>Whether these are registers that this APIC can have in <paramref name="mode"/>, with no more than one vector of a priority class in service.</summary>
    private bool AreValid(in LocalApicRegisters registers, ApicMode mode)
    {
        uint id = (uint)_vcpu;
        bool isX2Apic = mode == ApicMode.X2Apic;
        if (registers[(int)ApicRegister.ID] != (isX2Apic ? id : id << 24) || registers[(int)ApicRegister.Version] != VersionValue ||
            (registers[(int)ApicRegister.ESR] & ~ErrorBits) != 0 || (registers[(int)ApicRegister.DFR] & DfrFixedBits) != DfrFixedBits)
        {
            return false;
        }
        uint logical = registers[(int)ApicRegister.LDR];
        if (isX2Apic ? logical != (id >> 4 << 16 | 1u << (_vcpu & 0xF)) : (logical & ~0xFF00_0000) != 0)
            return false;
        for (uint i = 0; i < LocalApicRegisters.Count; i++)
        {
            if (Contains(X2ApicWritable, i) && (registers[(int)i] & ~(WritableBits((ApicRegister)i) | ReadOnlyBits((ApicRegister)i))) != 0 &&
                (ApicRegister)i != ApicRegister.ESR)
            {
                return false;
            }
        }
        for (int i = 0; i < 8; i++)
        {
            uint inService = registers[(int)ApicRegister.ISR + i];
            if (HasSeveral(inService & 0xFFFF) || HasSeveral(inService >> 16))
                return false;
        }
        const uint IllegalVectors = 0xFFFF;
        return ((registers[(int)ApicRegister.ISR] | registers[(int)ApicRegister.IRR]) & IllegalVectors) == 0;
    }

    private static bool HasSeveral(uint bits) => (bits & unchecked(bits - 1)) != 0;
}
