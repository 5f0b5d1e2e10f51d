using System;
using HyperOS.Core;
using HyperOS.Interrupts;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Specs.X86;

namespace HyperOS.Scheduling;

/// <summary>A vCPU or a thread of a process: whose registers may stay in a processor while others use it that touch none of them.</summary>
public abstract class RegisterOwner
{
    /// <summary>A frame for x87, AVX and further state while another has the processor; see <see cref="ExtendedStates.Reset"/>.</summary>
    public HostPhysicalAddress ExtendedState { get; protected set; }

    /// <summary>The machine or process that it belongs to: nothing is kept secret within one.</summary>
    public abstract object Realm { get; }

    /// <summary>Its state has been loaded, under an XCR0 that enables everything: now what belongs to that. Interrupts are off.</summary>
    public abstract void LoadFurther();

    /// <summary>Another kind of owner comes: what else the processor holds of this one goes to memory. Interrupts are off.</summary>
    public virtual void StoreFurther() { }
}

/// <summary>What a processor does against leaks by speculation when it goes from one realm to another.</summary>
public abstract class RealmBarrier
{
    public abstract void Cross();
}

/// <summary>
/// Registers that stay in a processor from one exit to the next, because the kernel touches none of them: x87, the upper halves of AVX and
/// what XCR0 enables beyond, XCR0 itself, TSC_AUX, DR0 to DR3. They are switched only when another owner comes.
/// </summary>
public static class ExtendedStates
{
    private const uint StateLeaf = 0xD;

    private static readonly RegisterOwner?[] s_owners = new RegisterOwner?[Processors.Maximum];
    private static bool s_xsave;
    private static Xcr0 s_all;
    private static RealmBarrier? s_barrier;

    /// <summary>Whether processors have XSAVE: the frames hold its format then, and FXSAVE's otherwise.</summary>
    public static bool HasXsave => s_xsave;

    /// <summary>Whether processors have RDTSCP, and so TSC_AUX.</summary>
    public static bool HasTscAux { get; private set; }

    /// <summary>Bytes that an owner's state needs, at most a frame.</summary>
    public static ulong Length { get; private set; } = 512;

    /// <summary>State components that guests and processes may use: those that fit into a frame.</summary>
    public static Xcr0 Supported => s_all;

    /// <summary>Looks at what the processor has. Once.</summary>
    public static void Initialize(RealmBarrier barrier)
    {
        s_barrier = barrier;
        s_xsave = (Cpu.Identify(1).Ecx & (uint)Cpuid1Ecx.XSAVE) != 0;
        HasTscAux = (Cpu.Identify(0x80000001).Edx & (uint)Cpuid80000001Edx.RDTSCP) != 0;
        s_all = Xcr0.X87 | Xcr0.SSE;
        if (!s_xsave)
            return;
        CpuidResult offered = Cpu.Identify(StateLeaf);
        Xcr0 wanted = (Xcr0)offered.Eax & (Xcr0.X87 | Xcr0.SSE | Xcr0.AVX | Xcr0.Opmask | Xcr0.ZMM_Hi256 | Xcr0.Hi16_ZMM);
        ControlRegister.WriteXcr0((ulong)wanted);
        Length = Cpu.Identify(StateLeaf).Ebx;
        s_all = wanted;
        ExtendedState.FillsByAvx = (wanted & (Xcr0.AVX | Xcr0.ZMM_Hi256)) == Xcr0.AVX;
        if (Length <= Size.Page)
            return;
        s_all = wanted & (Xcr0.X87 | Xcr0.SSE | Xcr0.AVX);
        ControlRegister.WriteXcr0((ulong)s_all);
        Length = Cpu.Identify(StateLeaf).Ebx;
    }

    /// <summary>Before a guest or ring 3 is entered, with interrupts off: its state into this processor.</summary>
    public static void Acquire(RegisterOwner coming)
    {
        ref RegisterOwner? owner = ref s_owners[Processor.Current.Index];
        if (owner == coming)
            return;
        // From here on the other's state changes too: what can fail comes before it is saved, or after it no longer has the processor.
        Span<byte> leavingArea = owner is null ? default : Area(owner), comingArea = Area(coming);
        bool isOtherRealm = owner?.Realm != coming.Realm;
        EnableAll();
        if (owner is not null)
        {
            ExtendedState.Save(leavingArea, s_xsave);
            if (isOtherRealm)
                owner.StoreFurther();
        }
        owner = null;
        FaultPoint.Hit(FaultPlace.ExtendedState);
        if (isOtherRealm)
            s_barrier!.Cross();
        ExtendedState.Restore(comingArea, s_xsave);
        owner = coming;
        coming.LoadFurther();
    }

    /// <summary>An owner leaves the processor that it ran on for another: what that holds of it goes to its frame. With interrupts off.</summary>
    public static void Evict(RegisterOwner leaving)
    {
        ref RegisterOwner? owner = ref s_owners[Processor.Current.Index];
        if (owner != leaving)
            return;
        EnableAll();
        ExtendedState.Save(Area(leaving), s_xsave);
        owner = null;
    }

    /// <summary>An owner ends, on the processor that it ran on: nothing of it is to be kept. With interrupts off.</summary>
    public static void Release(RegisterOwner ending)
    {
        ref RegisterOwner? owner = ref s_owners[Processor.Current.Index];
        if (owner == ending)
            owner = null;
    }

    /// <summary>What a frame for the state begins with: the state after reset.</summary>
    public static void Reset(HostPhysicalAddress frame)
    {
        Span<byte> area = PhysicalMemory.Bytes(frame, (int)Size.Page);
        area.Clear();
        area[0] = 0x7F; // FCW 0x037F
        area[1] = 0x03;
        area[24] = 0x80; // MXCSR 0x1F80
        area[25] = 0x1F;
    }

    private static Span<byte> Area(RegisterOwner owner) => PhysicalMemory.Bytes(owner.ExtendedState, (int)Size.Page);

    /// <summary>Puts what the processor holds of an owner, if it holds it, into its frame, from where it can be read. With interrupts off.</summary>
    public static Span<byte> Store(RegisterOwner owner)
    {
        if (s_owners[Processor.Current.Index] == owner)
        {
            EnableAll();
            ExtendedState.Save(Area(owner), s_xsave);
            owner.LoadFurther();
        }
        return Area(owner);
    }

    /// <summary>Sets XCR0, where there is one.</summary>
    public static void LoadXcr0(Xcr0 value)
    {
        if (s_xsave)
            ControlRegister.WriteXcr0((ulong)value);
    }

    private static void EnableAll() => LoadXcr0(s_all);
}
