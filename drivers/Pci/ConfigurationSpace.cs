namespace HyperOS.Pci;

/// <summary>
/// The way to functions' configuration space. Accesses are of aligned double words; where there is no function they read as all ones, and writes
/// go nowhere.
/// </summary>
public abstract class ConfigurationSpace
{
    /// <param name="address">Whose.</param>
    /// <param name="offset">In bytes, a multiple of 4, within what the function can have.</param>
    public abstract uint Read(PciAddress address, int offset);

    /// <inheritdoc cref="Read"/>
    public abstract void Write(PciAddress address, int offset, uint value);
}
