using System;
using System.Buffers.Binary;
using System.Numerics;

namespace HyperOS.Management.TcpIp;

/// <summary>SipHash-2-4, a keyed hash of short inputs that cannot be predicted without the key (Aumasson and Bernstein, "SipHash: a fast short-input PRF").</summary>
internal sealed class SipHash
{
    private readonly ulong _key0;
    private readonly ulong _key1;

    public SipHash(ReadOnlySpan<byte> key)
    {
        _key0 = BinaryPrimitives.ReadUInt64LittleEndian(key);
        _key1 = BinaryPrimitives.ReadUInt64LittleEndian(key[8..]);
    }

    public SipHash(IRandomSource random)
        : this(RandomKey(random))
    {
    }

    public ulong Hash(ReadOnlySpan<byte> input)
    {
        State state = new(_key0, _key1);
        ulong last = (ulong)input.Length << 56;
        while (input.Length >= 8)
        {
            state.Compress(BinaryPrimitives.ReadUInt64LittleEndian(input));
            input = input[8..];
        }
        for (int i = 0; i < input.Length; i++)
            last |= (ulong)input[i] << (8 * i);
        state.Compress(last);
        return state.Finish();
    }

    /// <summary>The hash of a connection's two ends, and of what it is wanted for.</summary>
    public ulong Hash(IpEndpoint local, IpEndpoint remote, byte purpose)
    {
        Span<byte> input = stackalloc byte[37];
        input.Clear();
        local.Address.Write(input);
        remote.Address.Write(input[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(input[32..], local.Port);
        BinaryPrimitives.WriteUInt16BigEndian(input[34..], remote.Port);
        input[36] = purpose;
        return Hash(input);
    }

    private static byte[] RandomKey(IRandomSource random)
    {
        byte[] key = new byte[16];
        random.Fill(key);
        return key;
    }

    private ref struct State(ulong key0, ulong key1)
    {
        private ulong _v0 = key0 ^ 0x736F6D6570736575;
        private ulong _v1 = key1 ^ 0x646F72616E646F6D;
        private ulong _v2 = key0 ^ 0x6C7967656E657261;
        private ulong _v3 = key1 ^ 0x7465646279746573;

        public void Compress(ulong word)
        {
            _v3 ^= word;
            Round();
            Round();
            _v0 ^= word;
        }

        public ulong Finish()
        {
            _v2 ^= 0xFF;
            for (int i = 0; i < 4; i++)
                Round();
            return _v0 ^ _v1 ^ _v2 ^ _v3;
        }

        private void Round()
        {
            _v0 += _v1;
            _v1 = BitOperations.RotateLeft(_v1, 13) ^ _v0;
            _v0 = BitOperations.RotateLeft(_v0, 32);
            _v2 += _v3;
            _v3 = BitOperations.RotateLeft(_v3, 16) ^ _v2;
            _v0 += _v3;
            _v3 = BitOperations.RotateLeft(_v3, 21) ^ _v0;
            _v2 += _v1;
            _v1 = BitOperations.RotateLeft(_v1, 17) ^ _v2;
            _v2 = BitOperations.RotateLeft(_v2, 32);
        }
    }
}
