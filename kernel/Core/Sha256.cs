using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using static System.Numerics.BitOperations;

namespace HyperOS.Core;

/// <summary>
/// SHA-256 over bytes that come in pieces: FIPS 180-4, section "SHA-256". Names of functions and variables are those of the standard.
/// </summary>
public sealed class Sha256
{
    /// <summary>Length of a hash, in bytes.</summary>
    public const int HashLength = 32;

    private const int BlockLength = 64;

    /// <summary>Where the message's length stands in the last block.</summary>
    private const int LengthOffset = BlockLength - sizeof(ulong);

    private readonly byte[] _block = new byte[BlockLength];
    private readonly uint[] _state = new uint[8];
    private int _buffered;
    private ulong _messageLength;

    /// <summary>Begins a message.</summary>
    public Sha256() => Reset();

    /// <summary>Begins a new message and forgets the old one.</summary>
    public void Reset()
    {
        _state[0] = 0x6A09E667;
        _state[1] = 0xBB67AE85;
        _state[2] = 0x3C6EF372;
        _state[3] = 0xA54FF53A;
        _state[4] = 0x510E527F;
        _state[5] = 0x9B05688C;
        _state[6] = 0x1F83D9AB;
        _state[7] = 0x5BE0CD19;
        _buffered = 0;
        _messageLength = 0;
    }

    /// <summary>Appends <paramref name="data"/> to the message.</summary>
    public void Update(ReadOnlySpan<byte> data)
    {
        _messageLength = unchecked(_messageLength + (uint)data.Length);
        if (_buffered != 0)
        {
            int taken = Math.Min(data.Length, BlockLength - _buffered);
            data.Slice(0, taken).CopyTo(new Span<byte>(_block, _buffered, taken));
            _buffered += taken;
            if (_buffered < BlockLength)
                return;
            data = data.Slice(taken);
            Transform(_block);
            _buffered = 0;
        }
        int whole = data.Length & ~(BlockLength - 1);
        Transform(data.Slice(0, whole));
        data.Slice(whole).CopyTo(_block);
        _buffered = data.Length - whole;
    }

    /// <summary>Writes the message's hash to the first <see cref="HashLength"/> bytes of <paramref name="hash"/> and begins a new message.</summary>
    public void Finish(Span<byte> hash)
    {
        _block[_buffered++] = 0x80;
        if (_buffered > LengthOffset)
        {
            new Span<byte>(_block, _buffered, BlockLength - _buffered).Clear();
            Transform(_block);
            _buffered = 0;
        }
        new Span<byte>(_block, _buffered, LengthOffset - _buffered).Clear();
        BinaryPrimitives.WriteUInt64BigEndian(new Span<byte>(_block, LengthOffset, sizeof(ulong)), unchecked(_messageLength * 8));
        Transform(_block);
        for (int i = 0; i < _state.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(hash.Slice(i * sizeof(uint), sizeof(uint)), _state[i]);
        Reset();
    }

    /// <summary>
    /// Works whole blocks into the state. The message schedule is kept as a window of 16 words in locals, and the eight working variables
    /// change roles from round to round instead of being moved, so that all 64 rounds stand in a row, each with
    /// its constant. Maj(a, b, c) is b ^ ((a ^ b) &amp; (b ^ c)), and b ^ c is a ^ b of the round before; rotations are nested, since the processor
    /// rotates in place.
    /// </summary>
    private void Transform(ReadOnlySpan<byte> blocks)
    {
        unchecked
        {
            uint[] state = _state;
            uint h0 = state[0], h1 = state[1], h2 = state[2], h3 = state[3], h4 = state[4], h5 = state[5], h6 = state[6], h7 = state[7];
            for (; blocks.Length >= BlockLength; blocks = blocks.Slice(BlockLength))
            {
                ReadOnlySpan<byte> block = blocks.Slice(0, BlockLength);
                uint w0 = Word(block, 0), w1 = Word(block, 1), w2 = Word(block, 2), w3 = Word(block, 3);
                uint w4 = Word(block, 4), w5 = Word(block, 5), w6 = Word(block, 6), w7 = Word(block, 7);
                uint w8 = Word(block, 8), w9 = Word(block, 9), w10 = Word(block, 10), w11 = Word(block, 11);
                uint w12 = Word(block, 12), w13 = Word(block, 13), w14 = Word(block, 14), w15 = Word(block, 15);
                uint a = h0, b = h1, c = h2, d = h3, e = h4, f = h5, g = h6, h = h7;
                uint x = b ^ c, y;
                h += BigSigma1(e) + Ch(e, f, g) + 0x428A2F98 + w0; d += h; y = a ^ b; h += BigSigma0(a) + (b ^ (y & x));
                g += BigSigma1(d) + Ch(d, e, f) + 0x71374491 + w1; c += g; x = h ^ a; g += BigSigma0(h) + (a ^ (x & y));
                f += BigSigma1(c) + Ch(c, d, e) + 0xB5C0FBCF + w2; b += f; y = g ^ h; f += BigSigma0(g) + (h ^ (y & x));
                e += BigSigma1(b) + Ch(b, c, d) + 0xE9B5DBA5 + w3; a += e; x = f ^ g; e += BigSigma0(f) + (g ^ (x & y));
                d += BigSigma1(a) + Ch(a, b, c) + 0x3956C25B + w4; h += d; y = e ^ f; d += BigSigma0(e) + (f ^ (y & x));
                c += BigSigma1(h) + Ch(h, a, b) + 0x59F111F1 + w5; g += c; x = d ^ e; c += BigSigma0(d) + (e ^ (x & y));
                b += BigSigma1(g) + Ch(g, h, a) + 0x923F82A4 + w6; f += b; y = c ^ d; b += BigSigma0(c) + (d ^ (y & x));
                a += BigSigma1(f) + Ch(f, g, h) + 0xAB1C5ED5 + w7; e += a; x = b ^ c; a += BigSigma0(b) + (c ^ (x & y));
                h += BigSigma1(e) + Ch(e, f, g) + 0xD807AA98 + w8; d += h; y = a ^ b; h += BigSigma0(a) + (b ^ (y & x));
                g += BigSigma1(d) + Ch(d, e, f) + 0x12835B01 + w9; c += g; x = h ^ a; g += BigSigma0(h) + (a ^ (x & y));
                f += BigSigma1(c) + Ch(c, d, e) + 0x243185BE + w10; b += f; y = g ^ h; f += BigSigma0(g) + (h ^ (y & x));
                e += BigSigma1(b) + Ch(b, c, d) + 0x550C7DC3 + w11; a += e; x = f ^ g; e += BigSigma0(f) + (g ^ (x & y));
                d += BigSigma1(a) + Ch(a, b, c) + 0x72BE5D74 + w12; h += d; y = e ^ f; d += BigSigma0(e) + (f ^ (y & x));
                c += BigSigma1(h) + Ch(h, a, b) + 0x80DEB1FE + w13; g += c; x = d ^ e; c += BigSigma0(d) + (e ^ (x & y));
                b += BigSigma1(g) + Ch(g, h, a) + 0x9BDC06A7 + w14; f += b; y = c ^ d; b += BigSigma0(c) + (d ^ (y & x));
                a += BigSigma1(f) + Ch(f, g, h) + 0xC19BF174 + w15; e += a; x = b ^ c; a += BigSigma0(b) + (c ^ (x & y));

                w0 += SmallSigma1(w14) + w9 + SmallSigma0(w1);
                w1 += SmallSigma1(w15) + w10 + SmallSigma0(w2);
                w2 += SmallSigma1(w0) + w11 + SmallSigma0(w3);
                w3 += SmallSigma1(w1) + w12 + SmallSigma0(w4);
                w4 += SmallSigma1(w2) + w13 + SmallSigma0(w5);
                w5 += SmallSigma1(w3) + w14 + SmallSigma0(w6);
                w6 += SmallSigma1(w4) + w15 + SmallSigma0(w7);
                w7 += SmallSigma1(w5) + w0 + SmallSigma0(w8);
                w8 += SmallSigma1(w6) + w1 + SmallSigma0(w9);
                w9 += SmallSigma1(w7) + w2 + SmallSigma0(w10);
                w10 += SmallSigma1(w8) + w3 + SmallSigma0(w11);
                w11 += SmallSigma1(w9) + w4 + SmallSigma0(w12);
                w12 += SmallSigma1(w10) + w5 + SmallSigma0(w13);
                w13 += SmallSigma1(w11) + w6 + SmallSigma0(w14);
                w14 += SmallSigma1(w12) + w7 + SmallSigma0(w15);
                w15 += SmallSigma1(w13) + w8 + SmallSigma0(w0);

                h += BigSigma1(e) + Ch(e, f, g) + 0xE49B69C1 + w0; d += h; y = a ^ b; h += BigSigma0(a) + (b ^ (y & x));
                g += BigSigma1(d) + Ch(d, e, f) + 0xEFBE4786 + w1; c += g; x = h ^ a; g += BigSigma0(h) + (a ^ (x & y));
                f += BigSigma1(c) + Ch(c, d, e) + 0x0FC19DC6 + w2; b += f; y = g ^ h; f += BigSigma0(g) + (h ^ (y & x));
                e += BigSigma1(b) + Ch(b, c, d) + 0x240CA1CC + w3; a += e; x = f ^ g; e += BigSigma0(f) + (g ^ (x & y));
                d += BigSigma1(a) + Ch(a, b, c) + 0x2DE92C6F + w4; h += d; y = e ^ f; d += BigSigma0(e) + (f ^ (y & x));
                c += BigSigma1(h) + Ch(h, a, b) + 0x4A7484AA + w5; g += c; x = d ^ e; c += BigSigma0(d) + (e ^ (x & y));
                b += BigSigma1(g) + Ch(g, h, a) + 0x5CB0A9DC + w6; f += b; y = c ^ d; b += BigSigma0(c) + (d ^ (y & x));
                a += BigSigma1(f) + Ch(f, g, h) + 0x76F988DA + w7; e += a; x = b ^ c; a += BigSigma0(b) + (c ^ (x & y));
                h += BigSigma1(e) + Ch(e, f, g) + 0x983E5152 + w8; d += h; y = a ^ b; h += BigSigma0(a) + (b ^ (y & x));
                g += BigSigma1(d) + Ch(d, e, f) + 0xA831C66D + w9; c += g; x = h ^ a; g += BigSigma0(h) + (a ^ (x & y));
                f += BigSigma1(c) + Ch(c, d, e) + 0xB00327C8 + w10; b += f; y = g ^ h; f += BigSigma0(g) + (h ^ (y & x));
                e += BigSigma1(b) + Ch(b, c, d) + 0xBF597FC7 + w11; a += e; x = f ^ g; e += BigSigma0(f) + (g ^ (x & y));
                d += BigSigma1(a) + Ch(a, b, c) + 0xC6E00BF3 + w12; h += d; y = e ^ f; d += BigSigma0(e) + (f ^ (y & x));
                c += BigSigma1(h) + Ch(h, a, b) + 0xD5A79147 + w13; g += c; x = d ^ e; c += BigSigma0(d) + (e ^ (x & y));
                b += BigSigma1(g) + Ch(g, h, a) + 0x06CA6351 + w14; f += b; y = c ^ d; b += BigSigma0(c) + (d ^ (y & x));
                a += BigSigma1(f) + Ch(f, g, h) + 0x14292967 + w15; e += a; x = b ^ c; a += BigSigma0(b) + (c ^ (x & y));

                w0 += SmallSigma1(w14) + w9 + SmallSigma0(w1);
                w1 += SmallSigma1(w15) + w10 + SmallSigma0(w2);
                w2 += SmallSigma1(w0) + w11 + SmallSigma0(w3);
                w3 += SmallSigma1(w1) + w12 + SmallSigma0(w4);
                w4 += SmallSigma1(w2) + w13 + SmallSigma0(w5);
                w5 += SmallSigma1(w3) + w14 + SmallSigma0(w6);
                w6 += SmallSigma1(w4) + w15 + SmallSigma0(w7);
                w7 += SmallSigma1(w5) + w0 + SmallSigma0(w8);
                w8 += SmallSigma1(w6) + w1 + SmallSigma0(w9);
                w9 += SmallSigma1(w7) + w2 + SmallSigma0(w10);
                w10 += SmallSigma1(w8) + w3 + SmallSigma0(w11);
                w11 += SmallSigma1(w9) + w4 + SmallSigma0(w12);
                w12 += SmallSigma1(w10) + w5 + SmallSigma0(w13);
                w13 += SmallSigma1(w11) + w6 + SmallSigma0(w14);
                w14 += SmallSigma1(w12) + w7 + SmallSigma0(w15);
                w15 += SmallSigma1(w13) + w8 + SmallSigma0(w0);

                h += BigSigma1(e) + Ch(e, f, g) + 0x27B70A85 + w0; d += h; y = a ^ b; h += BigSigma0(a) + (b ^ (y & x));
                g += BigSigma1(d) + Ch(d, e, f) + 0x2E1B2138 + w1; c += g; x = h ^ a; g += BigSigma0(h) + (a ^ (x & y));
                f += BigSigma1(c) + Ch(c, d, e) + 0x4D2C6DFC + w2; b += f; y = g ^ h; f += BigSigma0(g) + (h ^ (y & x));
                e += BigSigma1(b) + Ch(b, c, d) + 0x53380D13 + w3; a += e; x = f ^ g; e += BigSigma0(f) + (g ^ (x & y));
                d += BigSigma1(a) + Ch(a, b, c) + 0x650A7354 + w4; h += d; y = e ^ f; d += BigSigma0(e) + (f ^ (y & x));
                c += BigSigma1(h) + Ch(h, a, b) + 0x766A0ABB + w5; g += c; x = d ^ e; c += BigSigma0(d) + (e ^ (x & y));
                b += BigSigma1(g) + Ch(g, h, a) + 0x81C2C92E + w6; f += b; y = c ^ d; b += BigSigma0(c) + (d ^ (y & x));
                a += BigSigma1(f) + Ch(f, g, h) + 0x92722C85 + w7; e += a; x = b ^ c; a += BigSigma0(b) + (c ^ (x & y));
                h += BigSigma1(e) + Ch(e, f, g) + 0xA2BFE8A1 + w8; d += h; y = a ^ b; h += BigSigma0(a) + (b ^ (y & x));
                g += BigSigma1(d) + Ch(d, e, f) + 0xA81A664B + w9; c += g; x = h ^ a; g += BigSigma0(h) + (a ^ (x & y));
                f += BigSigma1(c) + Ch(c, d, e) + 0xC24B8B70 + w10; b += f; y = g ^ h; f += BigSigma0(g) + (h ^ (y & x));
                e += BigSigma1(b) + Ch(b, c, d) + 0xC76C51A3 + w11; a += e; x = f ^ g; e += BigSigma0(f) + (g ^ (x & y));
                d += BigSigma1(a) + Ch(a, b, c) + 0xD192E819 + w12; h += d; y = e ^ f; d += BigSigma0(e) + (f ^ (y & x));
                c += BigSigma1(h) + Ch(h, a, b) + 0xD6990624 + w13; g += c; x = d ^ e; c += BigSigma0(d) + (e ^ (x & y));
                b += BigSigma1(g) + Ch(g, h, a) + 0xF40E3585 + w14; f += b; y = c ^ d; b += BigSigma0(c) + (d ^ (y & x));
                a += BigSigma1(f) + Ch(f, g, h) + 0x106AA070 + w15; e += a; x = b ^ c; a += BigSigma0(b) + (c ^ (x & y));

                w0 += SmallSigma1(w14) + w9 + SmallSigma0(w1);
                w1 += SmallSigma1(w15) + w10 + SmallSigma0(w2);
                w2 += SmallSigma1(w0) + w11 + SmallSigma0(w3);
                w3 += SmallSigma1(w1) + w12 + SmallSigma0(w4);
                w4 += SmallSigma1(w2) + w13 + SmallSigma0(w5);
                w5 += SmallSigma1(w3) + w14 + SmallSigma0(w6);
                w6 += SmallSigma1(w4) + w15 + SmallSigma0(w7);
                w7 += SmallSigma1(w5) + w0 + SmallSigma0(w8);
                w8 += SmallSigma1(w6) + w1 + SmallSigma0(w9);
                w9 += SmallSigma1(w7) + w2 + SmallSigma0(w10);
                w10 += SmallSigma1(w8) + w3 + SmallSigma0(w11);
                w11 += SmallSigma1(w9) + w4 + SmallSigma0(w12);
                w12 += SmallSigma1(w10) + w5 + SmallSigma0(w13);
                w13 += SmallSigma1(w11) + w6 + SmallSigma0(w14);
                w14 += SmallSigma1(w12) + w7 + SmallSigma0(w15);
                w15 += SmallSigma1(w13) + w8 + SmallSigma0(w0);

                h += BigSigma1(e) + Ch(e, f, g) + 0x19A4C116 + w0; d += h; y = a ^ b; h += BigSigma0(a) + (b ^ (y & x));
                g += BigSigma1(d) + Ch(d, e, f) + 0x1E376C08 + w1; c += g; x = h ^ a; g += BigSigma0(h) + (a ^ (x & y));
                f += BigSigma1(c) + Ch(c, d, e) + 0x2748774C + w2; b += f; y = g ^ h; f += BigSigma0(g) + (h ^ (y & x));
                e += BigSigma1(b) + Ch(b, c, d) + 0x34B0BCB5 + w3; a += e; x = f ^ g; e += BigSigma0(f) + (g ^ (x & y));
                d += BigSigma1(a) + Ch(a, b, c) + 0x391C0CB3 + w4; h += d; y = e ^ f; d += BigSigma0(e) + (f ^ (y & x));
                c += BigSigma1(h) + Ch(h, a, b) + 0x4ED8AA4A + w5; g += c; x = d ^ e; c += BigSigma0(d) + (e ^ (x & y));
                b += BigSigma1(g) + Ch(g, h, a) + 0x5B9CCA4F + w6; f += b; y = c ^ d; b += BigSigma0(c) + (d ^ (y & x));
                a += BigSigma1(f) + Ch(f, g, h) + 0x682E6FF3 + w7; e += a; x = b ^ c; a += BigSigma0(b) + (c ^ (x & y));
                h += BigSigma1(e) + Ch(e, f, g) + 0x748F82EE + w8; d += h; y = a ^ b; h += BigSigma0(a) + (b ^ (y & x));
                g += BigSigma1(d) + Ch(d, e, f) + 0x78A5636F + w9; c += g; x = h ^ a; g += BigSigma0(h) + (a ^ (x & y));
                f += BigSigma1(c) + Ch(c, d, e) + 0x84C87814 + w10; b += f; y = g ^ h; f += BigSigma0(g) + (h ^ (y & x));
                e += BigSigma1(b) + Ch(b, c, d) + 0x8CC70208 + w11; a += e; x = f ^ g; e += BigSigma0(f) + (g ^ (x & y));
                d += BigSigma1(a) + Ch(a, b, c) + 0x90BEFFFA + w12; h += d; y = e ^ f; d += BigSigma0(e) + (f ^ (y & x));
                c += BigSigma1(h) + Ch(h, a, b) + 0xA4506CEB + w13; g += c; x = d ^ e; c += BigSigma0(d) + (e ^ (x & y));
                b += BigSigma1(g) + Ch(g, h, a) + 0xBEF9A3F7 + w14; f += b; y = c ^ d; b += BigSigma0(c) + (d ^ (y & x));
                a += BigSigma1(f) + Ch(f, g, h) + 0xC67178F2 + w15; e += a; x = b ^ c; a += BigSigma0(b) + (c ^ (x & y));

                h0 += a; h1 += b; h2 += c; h3 += d; h4 += e; h5 += f; h6 += g; h7 += h;
            }
            state[0] = h0; state[1] = h1; state[2] = h2; state[3] = h3; state[4] = h4; state[5] = h5; state[6] = h6; state[7] = h7;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word(ReadOnlySpan<byte> block, int index) => BinaryPrimitives.ReadUInt32BigEndian(block.Slice(index * sizeof(uint), sizeof(uint)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Ch(uint x, uint y, uint z) => z ^ (x & (y ^ z));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint BigSigma0(uint x) => RotateRight(x ^ RotateRight(x ^ RotateRight(x, 9), 11), 2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint BigSigma1(uint x) => RotateRight(x ^ RotateRight(x ^ RotateRight(x, 14), 5), 6);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint SmallSigma0(uint x) => RotateRight(x ^ RotateRight(x, 11), 7) ^ (x >> 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint SmallSigma1(uint x) => RotateRight(x ^ RotateRight(x, 2), 17) ^ (x >> 10);
}
