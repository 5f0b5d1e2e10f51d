using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Specs.Intel;

namespace HyperOS.Virtualization.Vmx;

/// <summary>GDTR, IDTR and the selectors of the processor, as VmxStoreHostTables of Run.asm stores them.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal struct VmxHostTables
{
    [FieldOffset(2)] public ulong GdtBase;
    [FieldOffset(18)] public ulong IdtBase;
    [FieldOffset(32)] public ushort CS;
    [FieldOffset(34)] public ushort SS;
    [FieldOffset(36)] public ushort TR;
}

/// <summary>The instructions of VMX on this processor. One that fails is a host invariant that is broken. Intel SDM vol. 3, "VMX Instruction Reference".</summary>
internal static unsafe class VmxInstructions
{
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "VmxOn")]
    private static extern uint On(ulong* region);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "VmxClear")]
    private static extern uint Clear(ulong* vmcs);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "VmxLoad")]
    private static extern uint Load(ulong* vmcs);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "VmxInvalidateEpt")]
    private static extern uint InvalidateEpt(InveptType type, InveptDescriptor* descriptor);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "VmxInvalidateVpid")]
    private static extern uint InvalidateVpid(InvvpidType type, InvvpidDescriptor* descriptor);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "VmxWrite")]
    private static extern uint Write(ulong field, ulong value);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "VmxRead")]
    private static extern ulong Read(ulong field);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "VmxRun")]
    public static extern uint Run(GuestRegisters* registers, VmxRunState* state);

    /// <summary>Calls the host's handler for an NMI that ended a guest's run.</summary>
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "VmxTakeNmi")]
    public static extern void TakeNmi();

    /// <summary>What HOST_RIP holds.</summary>
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "VmxExitAddress")]
    public static extern ulong ExitAddress();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "VmxStoreHostTables")]
    private static extern void StoreHostTables(VmxHostTables* tables);

    /// <summary>VMXON.</summary>
    public static void On(HostPhysicalAddress region)
    {
        ulong address = region.Value;
        Check(On(&address), "VMXON"u8);
    }

    /// <summary>VMCLEAR: the VMCS is in its frame, and on no processor.</summary>
    public static void Clear(HostPhysicalAddress vmcs)
    {
        ulong address = vmcs.Value;
        Check(Clear(&address), "VMCLEAR"u8);
    }

    /// <summary>VMPTRLD: VMREAD, VMWRITE and the entry are for this VMCS.</summary>
    public static void Load(HostPhysicalAddress vmcs)
    {
        ulong address = vmcs.Value;
        Check(Load(&address), "VMPTRLD"u8);
    }

    /// <summary>INVEPT.</summary>
    public static void InvalidateEpt(InveptType type, ulong eptPointer)
    {
        InveptDescriptor descriptor = new() { EPTP = eptPointer };
        Check(InvalidateEpt(type, &descriptor), "INVEPT"u8);
    }

    /// <summary>INVVPID.</summary>
    public static void InvalidateVpid(InvvpidType type, ushort vpid)
    {
        InvvpidDescriptor descriptor = new() { VPID = vpid };
        Check(InvalidateVpid(type, &descriptor), "INVVPID"u8);
    }

    /// <summary>VMREAD of a field that every processor has; 0 for others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(VmcsField field) => Read((ulong)field);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Read32(VmcsField field) => unchecked((uint)Read((ulong)field));

    /// <summary>VMWRITE.</summary>
    public static void Write(VmcsField field, ulong value)
    {
        if (Write((ulong)field, value) != 0)
            Panic.Stop($"VMWRITE of field 0x{(uint)field:x} failed: {Read32(VmcsField.VmInstructionError)}");
    }

    public static VmxHostTables ReadHostTables()
    {
        VmxHostTables tables;
        StoreHostTables(&tables);
        return tables;
    }

    private static void Check(uint status, System.ReadOnlySpan<byte> instruction)
    {
        if (status != 0)
            Panic.Stop($"{instruction} failed");
    }
}
