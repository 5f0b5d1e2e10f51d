using System;
using HyperOS.Emulation;
using HyperOS.Specs.Intel;

namespace HyperOS.Virtualization.Vmx;

/// <summary>Says on a machine's log which field of the current VMCS made an entry fail. Intel SDM vol. 3, "VM-Entry Failures During or After Loading Guest State".</summary>
internal static class VmxEntryFailure
{
    private static readonly Reader s_reader = new();

    /// <param name="log">The machine's.</param>
    /// <param name="refused">VMLAUNCH or VMRESUME failed, before any guest state was looked at.</param>
    public static void Describe(VmLog log, bool refused)
    {
        VmxCapabilities processor = VmxProcessor.ReadCapabilities();
        uint error = VmxInstructions.Read32(VmcsField.VmInstructionError);
        VmExitReason reason = (VmExitReason)(VmxInstructions.Read32(VmcsField.ExitReason) & (uint)VmExitReasonFlags.BasicReason);
        VmxEntryFault fault = default;
        bool found = refused
            ? (VmInstructionError)error switch
            {
                VmInstructionError.EntryInvalidControlFields => VmxEntryChecks.TryFindControl(s_reader, in processor, out fault),
                VmInstructionError.EntryInvalidHostStateFields => VmxEntryChecks.TryFindHost(s_reader, in processor, out fault),
                _ => false,
            }
            : reason == VmExitReason.EntryFailureInvalidGuestState && VmxEntryChecks.TryFindGuest(s_reader, in processor, out fault);
        if (found)
            log.WriteEvent($"VM entry failed: {VmcsFieldNames.Of(fault.Field)} 0x{fault.Value:x} {fault.Rule}");
        else if (refused)
            log.WriteEvent($"VM entry failed: VM-instruction error {error}");
        else
            log.WriteEvent($"VM entry failed: reason {(uint)reason}, qualification 0x{VmxInstructions.Read(VmcsField.ExitQualification):x}");
    }

    private sealed class Reader : VmcsReader
    {
        public override ulong Read(VmcsField field) => VmxInstructions.Read(field);
    }
}
