using System.Globalization;
using System.Linq;
using HyperOS.Core;

namespace HyperOS.Management.Api;

/// <summary>MAC addresses as text.</summary>
internal static class Addresses
{
    public static string Text(MacAddress address) =>
        string.Join(':', address.Value.ToString("x12", CultureInfo.InvariantCulture).Chunk(2).Select(octet => new string(octet)));
}
