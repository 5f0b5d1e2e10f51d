using System.Security.Cryptography;
using System.Text;
using HyperOS.Core;

namespace HyperOS.Tests.Unit.Core;

public class Sha256Tests
{
    [Theory]
    [InlineData("", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("abc", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")]
    [InlineData("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248D6A61D20638B8E5C026930C3E6039A33CE45964FF2167F6ECEDD419DB06C1")]
    [InlineData(
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "CF5B16A778AF8380036CE59E7B0492370B249B11E8F07A51AFAC45037AFEE9D1")]
    public void Examples_of_the_standard_hash_as_published(string message, string expected) => Assert.Equal(expected, Hash(Encoding.ASCII.GetBytes(message), int.MaxValue));

    [Fact]
    public void A_million_letters_hash_as_published() =>
        Assert.Equal("CDC76E5C9914FB9281A1C7E284D73E67F1809A48A497200E046D39CCC7112CD0", Hash(Enumerable.Repeat((byte)'a', 1_000_000).ToArray(), 1000));

    [Fact]
    public void Every_length_and_every_way_to_cut_it_gives_what_the_framework_gives()
    {
        Random random = new(1);
        for (int length = 0; length < 300; length++)
        {
            byte[] message = new byte[length];
            random.NextBytes(message);
            string expected = Convert.ToHexString(SHA256.HashData(message));
            foreach (int piece in new[] { 1, 7, 63, 64, 65, 1000 })
                Assert.Equal(expected, Hash(message, piece));
        }
    }

    [Fact]
    public void Finishing_begins_a_new_message()
    {
        Sha256 sha = new();
        byte[] first = new byte[Sha256.HashLength], second = new byte[Sha256.HashLength];
        sha.Update("abc"u8);
        sha.Finish(first);
        sha.Update("abc"u8);
        sha.Finish(second);
        Assert.Equal(first, second);
    }

    private static string Hash(byte[] message, int piece)
    {
        Sha256 sha = new();
        for (int at = 0; at < message.Length; at += Math.Min(piece, message.Length - at))
            sha.Update(message.AsSpan(at, Math.Min(piece, message.Length - at)));
        byte[] hash = new byte[Sha256.HashLength];
        sha.Finish(hash);
        return Convert.ToHexString(hash);
    }
}
