using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using HyperOS.Abi;
using HyperOS.Management.Api;

namespace HyperOS.Management.Networking;

/// <summary>Between configurations and the kernel's definitions; what they may be is <see cref="NetworkValidator"/>'s.</summary>
internal static class NetworkDefinitions
{
    private const uint DefaultBurst = 1 << 20;
    private const string CardPrefix = "nic";

    private static readonly (NetworkErrors Error, string Field)[] s_places =
    [
        (NetworkErrors.NameLength, "name"),
        (NetworkErrors.NameCharacter, "name"),
        (NetworkErrors.NameTaken, "name"),
        (NetworkErrors.UplinkAbsent, "uplinks"),
        (NetworkErrors.UplinkTaken, "uplinks"),
        (NetworkErrors.Vlan, "vlan"),
        (NetworkErrors.TrunkVlans, "trunk"),
        (NetworkErrors.Limit, "limit"),
        (NetworkErrors.Burst, "burst"),
    ];

    public static Outcome<NetworkDefinition> Of(NetworkConfig config)
    {
        NetworkDefinition definition = NetworkDefinition.Empty;
        definition.Name.Set(Encoding.UTF8.GetBytes(config.Name));
        foreach (string uplink in config.Uplinks)
        {
            if (!uplink.StartsWith(CardPrefix, StringComparison.Ordinal) || !int.TryParse(uplink[CardPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int card) || card > 31)
                return ApiProblem.BadField("uplinks", "unknownUplink", $"\"{uplink}\" is no network card.", "Write nic0 to nic31.");
            definition.Uplinks |= 1u << card;
        }
        NetworkErrors errors = NetworkValidator.Validate(in definition, uint.MaxValue);
        return errors == NetworkErrors.None ? definition : Problem(errors);
    }

    public static Outcome<PortGroupDefinition> Of(PortGroupConfig config)
    {
        PortGroupDefinition definition = PortGroupDefinition.Empty;
        definition.Name.Set(Encoding.UTF8.GetBytes(config.Name));
        definition.Vlan = (ushort)Math.Min(config.Vlan, ushort.MaxValue);
        if (config.Trunk is not null)
        {
            definition.Mode = PortGroupMode.Trunk;
            foreach (uint vlan in config.Trunk)
            {
                if (vlan > PortGroupDefinition.MaxVlan)
                    return ApiProblem.BadField("trunk", "trunkVlans", "VLANs are 0 to 4094.");
                definition.AddVlan(vlan);
            }
        }
        definition.Policies = If(config.Promiscuous, PortGroupPolicies.Promiscuous) | If(config.MacChanges, PortGroupPolicies.MacChanges) | If(config.ForgedTransmits, PortGroupPolicies.ForgedTransmits);
        ulong rate = (config.Limit ?? 0) / 8;
        if (config.Limit is < 8)
            return ApiProblem.BadField("limit", "outOfRange", "The limit is less than 8 bits a second.", "Leave it out for none.");
        uint burst = config.Burst ?? (rate == 0 ? 0 : DefaultBurst);
        (definition.TransmitBytesPerSecond, definition.ReceiveBytesPerSecond) = (rate, rate);
        (definition.TransmitBurst, definition.ReceiveBurst) = (burst, burst);
        NetworkErrors errors = NetworkValidator.Validate(in definition, networks: 1);
        return errors == NetworkErrors.None ? definition : Problem(errors);

        static PortGroupPolicies If(PolicyChoice choice, PortGroupPolicies policy) => choice == PolicyChoice.Accept ? policy : PortGroupPolicies.None;
    }

    public static NetworkConfig ConfigOf(in NetworkDefinition definition)
    {
        uint uplinks = definition.Uplinks;
        return new NetworkConfig
        {
            Name = Encoding.ASCII.GetString(definition.Name.Bytes),
            Uplinks = [.. Enumerable.Range(0, 32).Where(card => (uplinks >> card & 1) != 0).Select(card => string.Create(CultureInfo.InvariantCulture, $"{CardPrefix}{card}"))],
        };
    }

    public static PortGroupConfig ConfigOf(in PortGroupDefinition definition)
    {
        PortGroupDefinition copy = definition;
        return new PortGroupConfig
        {
            Name = Encoding.ASCII.GetString(definition.Name.Bytes),
            Vlan = definition.Vlan,
            Trunk = definition.Mode == PortGroupMode.Trunk ? [.. Enumerable.Range(0, 4096).Select(vlan => (uint)vlan).Where(copy.HasVlan)] : null,
            Promiscuous = Choice(definition.Policies, PortGroupPolicies.Promiscuous),
            MacChanges = Choice(definition.Policies, PortGroupPolicies.MacChanges),
            ForgedTransmits = Choice(definition.Policies, PortGroupPolicies.ForgedTransmits),
            Limit = definition.TransmitBytesPerSecond == 0 ? null : definition.TransmitBytesPerSecond * 8,
            Burst = definition.TransmitBytesPerSecond == 0 ? null : definition.TransmitBurst,
        };

        static PolicyChoice Choice(PortGroupPolicies policies, PortGroupPolicies policy) => (policies & policy) == 0 ? PolicyChoice.Reject : PolicyChoice.Accept;
    }

    /// <summary>All that is wrong, by field.</summary>
    public static ApiProblem Problem(NetworkErrors errors)
    {
        List<FieldProblem> problems = [];
        foreach ((NetworkErrors error, string field) in s_places)
        {
            if ((errors & error) == 0)
                continue;
            string code = error.ToString();
            problems.Add(new FieldProblem(field, char.ToLowerInvariant(code[0]) + code[1..], $"{field}: {Encoding.ASCII.GetString(NetworkValidator.Describe(error))}."));
        }
        return problems.Count > 0 ? ApiProblem.BadFields(problems) : ApiProblem.BadField("", "invalid", $"{Encoding.ASCII.GetString(NetworkValidator.Describe(errors))}.");
    }
}
