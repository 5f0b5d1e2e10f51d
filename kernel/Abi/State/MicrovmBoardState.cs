namespace HyperOS.Abi.State;

/// <summary>
/// Saved state of the devices of a microvm board. Each part carries its own version. Local APICs are saved with their vCPUs, PCI functions by
/// themselves.
/// </summary>
public struct MicrovmBoardState
{
    public Uart16550State Com1;
    public Pit8254State Pit;
    public CmosRtcState Rtc;
    public FirmwareConfigState FirmwareConfig;
    public AcpiPowerManagementState PowerManagement;

    /// <summary>All zero for a board without PCI.</summary>
    public PciBusState Pci;

    public ProgrammableInterruptControllerState Pic;
    public IoApicState IoApic;
}
