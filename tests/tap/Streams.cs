using System.Security.Cryptography;

namespace HyperOS.Tests.Tap;

/// <summary>Sends bytes that a seed makes, and sums up what comes.</summary>
internal static class Streams
{
    private const int Piece = 32 * 1024;

    public static byte[] Bytes(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static string Sum(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static async Task SendAsync(Stream stream, byte[] bytes, Action end)
    {
        for (int at = 0; at < bytes.Length; at += Piece)
            await stream.WriteAsync(bytes.AsMemory(at, Math.Min(Piece, bytes.Length - at)));
        end();
    }

    /// <summary>The sum of all that comes until the stream ends.</summary>
    public static async Task<string> SumAsync(Stream stream) => Convert.ToHexStringLower(await SHA256.HashDataAsync(stream));

    public static async Task<byte[]> ReadAsync(Stream stream, int length)
    {
        byte[] bytes = new byte[length];
        await stream.ReadExactlyAsync(bytes);
        return bytes;
    }
}
