using System;
using HyperOS.Core;
using HyperOS.Specs.Acpi;

namespace HyperOS.Firmware;

/// <summary>Registers of the fixed ACPI hardware, from the FADT. An absent register has address 0.</summary>
public sealed class PowerInterface
{
    /// <summary>FADTs before this revision have no boot architecture flags.</summary>
    private const byte FirstRevisionWithBootArchitecture = 3;

    /// <summary>False until a FADT has been read.</summary>
    public bool IsPresent { get; private set; }

    /// <summary>Fixed feature flags.</summary>
    public FadtFlags Flags { get; private set; }

    /// <summary>Which legacy devices there are; all of them where the table is too old to say.</summary>
    public FadtBootArchitecture BootArchitecture { get; private set; }

    /// <summary>The interrupt of ACPI events: an ISA interrupt where the machine has 8259s, else a global system interrupt.</summary>
    public ushort SciInterrupt { get; private set; }

    /// <summary>I/O port that takes <see cref="AcpiEnable"/>; 0 when the machine is in ACPI mode always.</summary>
    public uint SmiCommandPort { get; private set; }

    /// <summary>The value that switches the machine to ACPI mode.</summary>
    public byte AcpiEnable { get; private set; }

    /// <summary>PM1a event register block.</summary>
    public GenericAddress Pm1aEvent { get; private set; }

    /// <summary>PM1b event register block.</summary>
    public GenericAddress Pm1bEvent { get; private set; }

    /// <summary>PM1a control register block.</summary>
    public GenericAddress Pm1aControl { get; private set; }

    /// <summary>PM1b control register block.</summary>
    public GenericAddress Pm1bControl { get; private set; }

    /// <summary>Power management timer, 3.579545 MHz.</summary>
    public GenericAddress PmTimer { get; private set; }

    /// <summary>The timer counts in 32 bits; else in 24.</summary>
    public bool IsPmTimer32Bits => (Flags & FadtFlags.TMR_VAL_EXT) != 0;

    /// <summary><see cref="ResetRegister"/> can be used: write <see cref="ResetValue"/> there.</summary>
    public bool CanReset { get; private set; }

    /// <summary>Where to write for a reset.</summary>
    public GenericAddress ResetRegister { get; private set; }

    /// <summary>What to write for a reset.</summary>
    public byte ResetValue { get; private set; }

    /// <summary>The SLP_TYP values below are known: the machine can be switched off.</summary>
    public bool CanPowerOff { get; private set; }

    /// <summary>SLP_TYP of S5 for <see cref="Pm1aControl"/>.</summary>
    public byte SleepTypeA { get; private set; }

    /// <summary>SLP_TYP of S5 for <see cref="Pm1bControl"/>.</summary>
    public byte SleepTypeB { get; private set; }

    /// <summary>Where the DSDT is.</summary>
    internal HostPhysicalAddress Dsdt { get; private set; }

    internal void Clear()
    {
        Parse(default, default);
        IsPresent = false;
        CanPowerOff = false;
        SleepTypeA = 0;
        SleepTypeB = 0;
    }

    /// <returns>False when the table ends before the fields of ACPI 1.0 do.</returns>
    internal bool Parse(ReadOnlySpan<byte> table)
    {
        LittleEndianReader reader = new(table);
        FADT fadt = FADT.Read(ref reader);
        if (table.Length < FADT.SizeInBytesRevision1)
            return false;
        Parse(in fadt, table.Length);
        return true;
    }

    internal void SetSleepTypes(byte sleepTypeA, byte sleepTypeB)
    {
        CanPowerOff = true;
        SleepTypeA = sleepTypeA;
        SleepTypeB = sleepTypeB;
    }

    private void Parse(in FADT fadt, int length)
    {
        IsPresent = true;
        Flags = (FadtFlags)fadt.Flags;
        BootArchitecture = fadt.Header.Revision >= FirstRevisionWithBootArchitecture
            ? (FadtBootArchitecture)fadt.IAPC_BOOT_ARCH
            : FadtBootArchitecture.LEGACY_DEVICES | FadtBootArchitecture.IAPC_8042;
        SciInterrupt = fadt.SCI_INT;
        SmiCommandPort = fadt.SMI_CMD;
        AcpiEnable = fadt.ACPI_ENABLE;
        Pm1aEvent = Choose(in fadt.X_PM1a_EVT_BLK, fadt.PM1a_EVT_BLK, fadt.PM1_EVT_LEN);
        Pm1bEvent = Choose(in fadt.X_PM1b_EVT_BLK, fadt.PM1b_EVT_BLK, fadt.PM1_EVT_LEN);
        Pm1aControl = Choose(in fadt.X_PM1a_CNT_BLK, fadt.PM1a_CNT_BLK, fadt.PM1_CNT_LEN);
        Pm1bControl = Choose(in fadt.X_PM1b_CNT_BLK, fadt.PM1b_CNT_BLK, fadt.PM1_CNT_LEN);
        PmTimer = Choose(in fadt.X_PM_TMR_BLK, fadt.PM_TMR_BLK, fadt.PM_TMR_LEN);
        ResetRegister = fadt.RESET_REG;
        ResetValue = fadt.RESET_VALUE;
        CanReset = (Flags & FadtFlags.RESET_REG_SUP) != 0 && length >= FADT.SizeInBytesRevision2 && fadt.RESET_REG.Address != 0
            && fadt.RESET_REG.AddressSpaceID is AcpiAddressSpace.SystemIo or AcpiAddressSpace.SystemMemory or AcpiAddressSpace.PciConfiguration;
        Dsdt = new HostPhysicalAddress(fadt.X_DSDT != 0 ? fadt.X_DSDT : fadt.DSDT);
    }

    /// <summary>The 64-bit form of a register block where the table has it, else the form of ACPI 1.0, an I/O port.</summary>
    private static GenericAddress Choose(in GenericAddress extended, uint port, byte lengthInBytes)
    {
        if (extended.Address != 0)
            return extended;
        return new GenericAddress
        {
            AddressSpaceID = AcpiAddressSpace.SystemIo,
            RegisterBitWidth = unchecked((byte)(lengthInBytes * 8)),
            Address = port,
        };
    }
}
