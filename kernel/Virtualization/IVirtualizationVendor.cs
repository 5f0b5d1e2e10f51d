using System;
using HyperOS.Abi;
using HyperOS.Emulation;

namespace HyperOS.Virtualization;

/// <summary>
/// The seam between what both vendors share and what each owns. An implementation decodes the hardware's exit and carries state to and
/// from its control structure; it decides nothing about what a guest may do.
/// </summary>
public interface IVirtualizationVendor
{
    /// <summary>What the entries of the vendor's nested tables have beside addresses.</summary>
    static abstract NestedPageFormat NestedPages { get; }

    /// <summary>How the processor scales guests' time-stamp counters, if it does.</summary>
    static abstract TscRatioFormat TscRatio { get; }

    /// <summary>Looks for what guests need and says on the log what it found. Once, on the boot processor.</summary>
    /// <returns>Whether guests can run; if not, the next two are not called.</returns>
    static abstract bool Initialize(ApicVirtualization apicVirtualization);

    /// <summary>Allocates what a processor needs before <see cref="TryEnable"/>; during start-up.</summary>
    static abstract bool TryPrepare(int processor);

    /// <summary>Turns the processor's extensions on; each for itself.</summary>
    /// <returns>False where that cannot be, which the log tells: no processor runs guests then.</returns>
    static abstract bool TryEnable();

    /// <summary>A process comes to this processor: what guests' registers it holds outside a world switch goes to memory.</summary>
    static abstract void StoreRegisters();

    /// <summary>
    /// Allocates and fills the control structure with the state after INIT. Under the machine's arena; frames are taken in the name of the
    /// machine's owner and go when all of that owner's go.
    /// </summary>
    /// <returns>False when frames ran out.</returns>
    static abstract bool TryCreate(Vcpu vcpu);

    /// <summary>
    /// The vCPU's thread has come, or come back, to this processor: until another thread runs here, the members below may be called. With
    /// interrupts off.
    /// </summary>
    static abstract void Load(Vcpu vcpu);

    /// <summary>
    /// The vCPU ends, or goes elsewhere: this processor keeps nothing of it. With interrupts off, where it was loaded, or would have been had no
    /// fault come before.
    /// </summary>
    static abstract void Unload(Vcpu vcpu);

    /// <summary>Asks for an exit at a time of <see cref="Platform.Clock"/>, if the guest runs then; ulong.MaxValue for none.</summary>
    static abstract void SetDeadline(Vcpu vcpu, ulong deadline);

    /// <summary>Runs the guest until its next exit. Interrupts are off on entry and on at return.</summary>
    static abstract void Enter(Vcpu vcpu);

    /// <summary>Fills <see cref="Vcpu.Exit"/>, and puts an event whose delivery the exit cut short back in line.</summary>
    static abstract void Decode(Vcpu vcpu);

    /// <summary>The exit in the vendor's own terms: only where somebody wants to know.</summary>
    static abstract void ReadRawExit(Vcpu vcpu, out RawExit raw);

    /// <summary>Whose terms they are.</summary>
    static abstract VmVendor Vendor { get; }

    /// <summary>Goes past the instruction that exited. Called in one place.</summary>
    /// <returns>False if its length cannot be found: the instruction is not what the exit says.</returns>
    static abstract bool AdvanceRip(Vcpu vcpu);

    /// <summary>The instruction that exited, of those whose operands handlers need, where the processor decoded it with the exit.</summary>
    static abstract bool TryGetInstruction(Vcpu vcpu, out InterceptedInstruction instruction);

    /// <summary>The processor serves the local APIC while guests run, EOIs among the rest, wherever it can.</summary>
    static abstract bool ServesLocalApic { get; }

    /// <summary>
    /// Vectors that wait in the local APIC as it now is go to the processor at the next entry, which delivers them when the guest takes them: the
    /// loop has no part in it.
    /// </summary>
    static abstract bool DeliversInterrupts(Vcpu vcpu);

    /// <summary>How a hypercall is to be read: the guest's privilege level, and whether it runs 64-bit code.</summary>
    static abstract void ReadMode(Vcpu vcpu, out int privilege, out bool is64Bit);

    /// <summary>Copies registers out for the emulator, or for a change of several.</summary>
    static abstract void ReadState(Vcpu vcpu, ref GuestCpuState state);

    /// <summary>Copies them back, but for segment registers, which the emulator never changes.</summary>
    static abstract void WriteState(Vcpu vcpu, in GuestCpuState state);

    /// <summary>Copies LDTR, TR and the descriptor-table registers out.</summary>
    static abstract void ReadTables(Vcpu vcpu, ref DescriptorTableState tables);

    /// <summary>Segment registers, among them LDTR and TR, and descriptor-table registers.</summary>
    static abstract void WriteSegments(Vcpu vcpu, in GuestCpuState state, in DescriptorTableState tables);

    /// <summary>Whether the guest would take an interrupt right now: IF set, no shadow, no event in line.</summary>
    static abstract bool CanInterrupt(Vcpu vcpu);

    /// <summary>Whether an NMI can be injected right now.</summary>
    static abstract bool CanInjectNmi(Vcpu vcpu);

    /// <summary>Whether an event whose delivery the exit cut short waits to go in again.</summary>
    static abstract bool HasEventInLine(Vcpu vcpu);

    static abstract void InjectInterrupt(Vcpu vcpu, int vector);

    static abstract void InjectNmi(Vcpu vcpu);

    static abstract void InjectException(Vcpu vcpu, in GuestException exception);

    /// <summary>Asks for, or no longer for, an exit as soon as the guest can take an interrupt.</summary>
    static abstract void RequestInterruptWindow(Vcpu vcpu, bool wanted);

    /// <summary>Asks for an exit as soon as an NMI can be injected: <see cref="CanInjectNmi"/> said no. For the next entry only.</summary>
    static abstract void RequestNmiWindow(Vcpu vcpu);

    /// <summary>The guest's NMI handler has reached its IRET.</summary>
    static abstract void EndNmi(Vcpu vcpu);

    /// <summary>Makes the processor forget this guest's translations at the next entry.</summary>
    static abstract void FlushTranslations(Vcpu vcpu);

    /// <summary>As after INIT: no event in line, no window asked for, no interrupt shadow, NMIs not blocked.</summary>
    static abstract void ClearEvents(Vcpu vcpu);

    /// <summary>The bytes at RIP, where the processor saved them with the exit.</summary>
    /// <returns>How many; 0 where it saves none.</returns>
    static abstract int ReadInstructionBytes(Vcpu vcpu, Span<byte> destination);

    /// <summary>What is added to the host's time-stamp counter, scaled as the machine's clock says, modulo 2^64, to give the guest's.</summary>
    static abstract void SetTscOffset(Vcpu vcpu, ulong offset);

    /// <summary>The instruction's effects other than on memory: an interrupt shadow ends with it.</summary>
    static abstract void EndInterruptShadow(Vcpu vcpu);

    static abstract ulong ReadMsr(Vcpu vcpu, uint msr);

    static abstract void WriteMsr(Vcpu vcpu, uint msr, ulong value);

    /// <summary>DR6 or DR7.</summary>
    static abstract ulong ReadDebug(Vcpu vcpu, int register);

    /// <summary>Fixed bits are as they must be.</summary>
    static abstract void WriteDebug(Vcpu vcpu, int register, ulong value);
}
