namespace HyperOS.Tests.Boot;

/// <summary>How an emulator is told to be a machine.</summary>
internal abstract class EmulatorCommand
{
    private static readonly EmulatorCommand s_qemu = new QemuCommand(), s_bochs = new BochsCommand();

    public static EmulatorCommand Of(Emulator emulator) => emulator == Emulator.Bochs ? s_bochs : s_qemu;

    /// <summary>Makes the files that the machine boots from.</summary>
    /// <param name="options">The machine.</param>
    /// <param name="name">The machine's, and the first part of its files' names.</param>
    /// <returns>A command whose standard input and output are the machine's first serial port, and which ends with the machine.</returns>
    public abstract IEnumerable<string> Build(MachineOptions options, string name);
}
