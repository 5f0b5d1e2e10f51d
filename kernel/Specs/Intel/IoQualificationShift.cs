namespace HyperOS.Specs.Intel;

/// <summary>Positions of the numeric fields of <see cref="IoQualification"/>, in bits.</summary>
public static class IoQualificationShift
{
    /// <summary>Of the port.</summary>
    public const int Port = 16;
}
