using System;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace HyperOS.Management.Identity;

/// <summary>
/// Passwords as they are stored: PBKDF2 with SHA-256 for those that people choose; a plain salted SHA-256 for those that the host made from 128 random
/// bits, where stretching adds nothing.
/// </summary>
internal static class PasswordHash
{
    public const int MinLength = 8, MaxLength = 256;

    private const int Iterations = 600_000;
    private const int SaltLength = 16;
    private const string Alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
    private const int RandomCharacters = 26;

    /// <summary>A password of 128 random bits, in groups.</summary>
    public static string MakeRandom()
    {
        string characters = RandomNumberGenerator.GetString(Alphabet, RandomCharacters);
        StringBuilder groups = new();
        for (int i = 0; i < characters.Length; i++)
            groups.Append(i is > 0 and < 24 && i % 6 == 0 ? "-" : "").Append(characters[i]);
        return groups.ToString();
    }

    public static string Of(string password)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltLength);
        return string.Create(CultureInfo.InvariantCulture, $"pbkdf2:{Iterations}:{Convert.ToHexStringLower(salt)}:{Convert.ToHexStringLower(Stretch(password, salt, Iterations))}");
    }

    public static string OfRandom(string password)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltLength);
        return $"random:0:{Convert.ToHexStringLower(salt)}:{Convert.ToHexStringLower(Plain(password, salt))}";
    }

    public static bool Matches(string password, string stored)
    {
        string[] parts = stored.Split(':');
        byte[] salt = Convert.FromHexString(parts[2]);
        byte[] actual = parts[0] == "random" ? Plain(password, salt) : Stretch(password, salt, int.Parse(parts[1], CultureInfo.InvariantCulture));
        return CryptographicOperations.FixedTimeEquals(actual, Convert.FromHexString(parts[3]));
    }

    /// <summary>Takes as long as for a user that is there.</summary>
    /// <returns>False.</returns>
    public static bool MatchNothing(string password) => Stretch(password, new byte[SaltLength], Iterations).Length == 0;

    private static byte[] Stretch(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);

    private static byte[] Plain(string password, byte[] salt) => SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(password)]);
}
