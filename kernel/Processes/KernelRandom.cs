using System;
using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Platform;
using HyperOS.Specs.X86;

namespace HyperOS.Processes;

/// <summary>
/// Random numbers that nobody outside of the kernel can foresee: a key that is hashed anew with the processor's random numbers and time before each use,
/// and again after it, so that what was given out cannot be found from it later. NIST SP 800-90A, "Hash_DRBG", is its model; a processor without RDRAND
/// has the time of its interrupts alone, which the log says.
/// </summary>
public static class KernelRandom
{
    private static readonly byte[] s_key = new byte[Sha256.HashLength];
    private static readonly Sha256 s_sha256 = new();
    private static KernelLock s_lock = new(LockRank.Pool);
    private static bool s_hasHardware;
    private static ulong s_count;

    /// <summary>Whether the processor has random numbers of its own. Looks, and stirs; during start-up.</summary>
    public static bool Initialize()
    {
        const uint Rdrand = 1 << 30;
        s_hasHardware = (Cpu.Identify(CpuidLeaf.Features).Ecx & Rdrand) != 0;
        Stir([]);
        return s_hasHardware;
    }

    /// <summary>Fills with random bytes. Any thread.</summary>
    public static void Fill(Span<byte> destination)
    {
        Span<byte> block = stackalloc byte[Sha256.HashLength];
        bool interrupts = s_lock.Enter();
        Advance([]);
        while (!destination.IsEmpty)
        {
            Hash(1, [], block);
            int count = Math.Min(block.Length, destination.Length);
            block.Slice(0, count).CopyTo(destination);
            destination = destination.Slice(count);
        }
        Advance([]);
        s_lock.Exit(interrupts);
    }

    /// <summary>Adds what may be random. Any thread.</summary>
    public static void Stir(ReadOnlySpan<byte> more)
    {
        bool interrupts = s_lock.Enter();
        Advance(more);
        s_lock.Exit(interrupts);
    }

    private static void Advance(ReadOnlySpan<byte> more)
    {
        Span<byte> next = stackalloc byte[Sha256.HashLength];
        Hash(0, more, next);
        next.CopyTo(s_key);
    }

    private static void Hash(ulong purpose, ReadOnlySpan<byte> more, Span<byte> result)
    {
        Span<byte> words = stackalloc byte[6 * sizeof(ulong)];
        LittleEndianWriter writer = new(words);
        writer.WriteUInt64(purpose);
        writer.WriteUInt64(s_count++);
        writer.WriteUInt64(Cpu.ReadTimestamp());
        for (int i = 0; i < 3; i++)
            writer.WriteUInt64(s_hasHardware ? Cpu.ReadRandom() : Clock.Now);
        s_sha256.Reset();
        s_sha256.Update(s_key);
        s_sha256.Update(words);
        s_sha256.Update(more);
        s_sha256.Finish(result);
    }
}
