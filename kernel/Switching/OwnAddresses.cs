using HyperOS.Core;

namespace HyperOS.Switching;

/// <summary>Which ports' devices have an address: known, not learned, so it neither ages nor can be taken away. Several may have the same.</summary>
internal sealed class OwnAddresses
{
    /// <summary>Behind the last port with the address.</summary>
    public const int None = -1;

    private readonly MacAddress[] _addresses;
    private readonly int[] _next;
    private readonly int[] _buckets;

    public OwnAddresses(int ports)
    {
        _addresses = new MacAddress[ports];
        _next = new int[ports];
        _buckets = new int[ports];
        for (int i = 0; i < ports; i++)
            _buckets[i] = None;
    }

    /// <summary>The port has an address, or with the zero address none, and no longer the one it had.</summary>
    public void Set(int port, MacAddress address)
    {
        if (!_addresses[port].IsZero)
        {
            ref int link = ref _buckets[Bucket(_addresses[port])];
            while (link != port)
                link = ref _next[link];
            link = _next[port];
        }
        _addresses[port] = address;
        if (address.IsZero)
            return;
        ref int bucket = ref _buckets[Bucket(address)];
        _next[port] = bucket;
        bucket = port;
    }

    /// <summary>The first port with the address, or <see cref="None"/>.</summary>
    public int First(MacAddress address) => SkipOthers(_buckets[Bucket(address)], address);

    /// <summary>The next port with the address of this one, or <see cref="None"/>.</summary>
    public int Next(int port) => SkipOthers(_next[port], _addresses[port]);

    private int SkipOthers(int port, MacAddress address)
    {
        while (port != None && _addresses[port].Value != address.Value)
            port = _next[port];
        return port;
    }

    private int Bucket(MacAddress address) => (int)((address.Value ^ address.Value >> 16 ^ address.Value >> 32) % (uint)_buckets.Length);
}
