using System.Text.Json;
using System.Text.Json.Serialization;

namespace HyperOS.Management.Identity;

/// <summary>Enumerations in camel case.</summary>
internal sealed class CamelCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, System.Enum;

/// <summary>What somebody may do; each may what those before it may.</summary>
[JsonConverter(typeof(CamelCase<Role>))]
internal enum Role
{
    /// <summary>Look at everything but other people's accounts.</summary>
    Viewer,

    /// <summary>Run VMs, and make and change them, images and networks.</summary>
    Operator,

    /// <summary>Everything: users, tokens of others, the audit log, the host's end.</summary>
    Administrator,
}
