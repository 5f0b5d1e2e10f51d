using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Tests.Unit.Specs;

/// <summary>Checks of structures that describe bytes in memory.</summary>
internal static class StructureLayout
{
    /// <summary>The size, and the offset of each named field.</summary>
    public static void AssertLayout<T>(int size, params (string Field, int Offset)[] fields) where T : struct
    {
        Assert.Equal(size, Unsafe.SizeOf<T>());
        foreach ((string field, int offset) in fields)
            Assert.True(offset == (int)Marshal.OffsetOf<T>(field), $"{typeof(T).Name}.{field} is not at {offset:X}");
    }

    /// <summary>Reading the fields one after another gives the structure that the bytes are, and takes all of them.</summary>
    public static void AssertReadsAsItLies<T>(ReadAction<T> read) where T : struct
    {
        byte[] bytes = Enumerable.Range(1, Unsafe.SizeOf<T>()).Select(i => (byte)i).ToArray();
        LittleEndianReader reader = new(bytes);
        T structure = read(ref reader);
        Assert.False(reader.Overrun);
        Assert.Equal(bytes.Length, reader.Position);
        Assert.Equal(bytes, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in structure)).ToArray());
    }

    public delegate T ReadAction<T>(ref LittleEndianReader reader);

    /// <summary>All structures of a namespace that can be read.</summary>
    public static IEnumerable<Type> ReadableStructures(Assembly assembly, string spaceName) =>
        assembly.GetTypes().Where(type => type.IsValueType && type.Namespace == spaceName && type.GetMethod("Read") is not null);
}
