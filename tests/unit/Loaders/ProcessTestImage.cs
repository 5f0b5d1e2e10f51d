using HyperOS.Core;

namespace HyperOS.Tests.Unit.Loaders;

/// <summary>A small static executable: its headers, code and data, each on pages of its own.</summary>
internal static class ProcessTestImage
{
    public static byte[] Build()
    {
        byte[] file = new byte[0x1180];
        new byte[] { 0x7F, 0x45, 0x4C, 0x46, 2, 1, 1 }.CopyTo(file, 0);
        Put(file, 0x10, 2, 2);
        Put(file, 0x12, 62, 2);
        Put(file, 0x14, 1, 4);
        Put(file, 0x18, 0x401010, 8);
        Put(file, 0x20, 0x40, 8);
        Put(file, 0x36, 56, 2);
        Put(file, 0x38, 3, 2);
        Header(file, 0, flags: 4, offset: 0, address: 0x400000, inFile: 0x200, inMemory: 0x200);
        Header(file, 1, flags: 5, offset: 0x1000, address: 0x401000, inFile: 0x100, inMemory: 0x100);
        Header(file, 2, flags: 6, offset: 0x1100, address: 0x402100, inFile: 0x80, inMemory: 0x3000);
        return file;
    }

    public static void Put(byte[] file, int offset, ulong value, int bytes)
    {
        for (int i = 0; i < bytes; i++)
            file[offset + i] = (byte)(value >> 8 * i);
    }

    private static void Header(byte[] file, int index, ulong flags, ulong offset, ulong address, ulong inFile, ulong inMemory)
    {
        int at = 0x40 + index * 56;
        Put(file, at, 1, 4);
        Put(file, at + 4, flags, 4);
        Put(file, at + 8, offset, 8);
        Put(file, at + 16, address, 8);
        Put(file, at + 24, address, 8);
        Put(file, at + 32, inFile, 8);
        Put(file, at + 40, inMemory, 8);
        Put(file, at + 48, Size.Page, 8);
    }
}
