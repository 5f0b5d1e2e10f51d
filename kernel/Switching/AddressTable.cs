using System.Numerics;
using HyperOS.Core;

namespace HyperOS.Switching;

/// <summary>
/// Which port an address was last heard at, by VLAN. Every port has entries of its own set aside, and makes room for a new address by
/// forgetting the one that it has not heard for the longest time: no port can push out what others have taught. Entries age: one not heard for
/// <see cref="AgeingTime"/> is none.
/// </summary>
internal sealed class AddressTable
{
    /// <summary>In nanoseconds: IEEE 802.1Q, section "Ageing time", recommended value.</summary>
    public const ulong AgeingTime = 300_000_000_000;

    private const int None = -1;

    private readonly Entry[] _entries;
    private readonly Owner[] _owners;
    private readonly int[] _buckets;
    private readonly int _shift;
    private readonly ulong _seed;
    private int _free;
    private int _reserved;

    /// <param name="ports">How many ports there can be.</param>
    /// <param name="capacity">Entries for all ports together.</param>
    /// <param name="seed">Something that guests cannot know, so that they cannot choose addresses that share a bucket.</param>
    public AddressTable(int ports, int capacity, ulong seed)
    {
        _entries = new Entry[capacity];
        _owners = new Owner[ports];
        int bits = 32 - BitOperations.LeadingZeroCount((uint)capacity | 1);
        _buckets = new int[1 << bits];
        _shift = 64 - bits;
        _seed = seed;
        for (int i = 0; i < _buckets.Length; i++)
            _buckets[i] = None;
        for (int i = 0; i < capacity; i++)
            _entries[i].Next = i + 1 < capacity ? i + 1 : None;
        for (int i = 0; i < ports; i++)
            _owners[i] = new Owner { Newest = None, Oldest = None };
        _free = capacity == 0 ? None : 0;
    }

    /// <summary>Sets entries aside for a port that has none.</summary>
    /// <returns>False if there are not as many left.</returns>
    public bool TryReserve(int port, int count)
    {
        if (count < 0 || count > _entries.Length - _reserved)
            return false;
        _reserved += count;
        _owners[port].Limit = count;
        return true;
    }

    /// <summary>Forgets what the port has taught and gives its entries back.</summary>
    public void Release(int port)
    {
        Forget(port);
        _reserved -= _owners[port].Limit;
        _owners[port].Limit = 0;
    }

    /// <summary>Forgets what the port has taught.</summary>
    public void Forget(int port)
    {
        while (_owners[port].Oldest != None)
            Remove(_owners[port].Oldest);
    }

    /// <returns>The port, or -1.</returns>
    public int Find(ushort vlan, MacAddress address, ulong now)
    {
        int index = IndexOf(Key(vlan, address));
        return index == None || IsOld(in _entries[index], now) ? None : _entries[index].Port;
    }

    /// <summary>The address was heard at the port.</summary>
    public void Learn(ushort vlan, MacAddress address, int port, ulong now)
    {
        ulong key = Key(vlan, address);
        int index = IndexOf(key);
        if (index != None && _entries[index].Port == port && _owners[port].Newest == index)
        {
            _entries[index].HeardAt = now;
            return;
        }
        if (index != None)
            Remove(index);
        ref Owner owner = ref _owners[port];
        if (owner.Limit == 0)
            return;
        if (owner.Count == owner.Limit)
            Remove(owner.Oldest);
        Insert(key, port, now);
    }

    private static ulong Key(ushort vlan, MacAddress address) => (ulong)vlan << 48 | address.Value;

    private static bool IsOld(ref readonly Entry entry, ulong now) => now > entry.HeardAt && now - entry.HeardAt > AgeingTime;

    private int Bucket(ulong key)
    {
        unchecked
        {
            ulong hash = (key ^ _seed) * 0x9E37_79B9_7F4A_7C15;
            return (int)((hash ^ hash >> 32) * 0xD6E8_FEB8_6659_FD93 >> _shift);
        }
    }

    private int IndexOf(ulong key)
    {
        int index = _buckets[Bucket(key)];
        while (index != None && _entries[index].Key != key)
            index = _entries[index].Next;
        return index;
    }

    private void Insert(ulong key, int port, ulong now)
    {
        int index = _free;
        ref Entry entry = ref _entries[index];
        ref Owner owner = ref _owners[port];
        ref int bucket = ref _buckets[Bucket(key)];
        _free = entry.Next;
        entry = new Entry { Key = key, HeardAt = now, Port = port, Next = bucket, Older = owner.Newest, Newer = None };
        bucket = index;
        if (owner.Newest == None)
            owner.Oldest = index;
        else
            _entries[owner.Newest].Newer = index;
        owner.Newest = index;
        owner.Count++;
    }

    private void Remove(int index)
    {
        ref Entry entry = ref _entries[index];
        ref Owner owner = ref _owners[entry.Port];
        ref int link = ref _buckets[Bucket(entry.Key)];
        while (link != index)
            link = ref _entries[link].Next;
        link = entry.Next;
        if (entry.Newer == None)
            owner.Newest = entry.Older;
        else
            _entries[entry.Newer].Older = entry.Older;
        if (entry.Older == None)
            owner.Oldest = entry.Newer;
        else
            _entries[entry.Older].Newer = entry.Newer;
        owner.Count--;
        entry.Next = _free;
        _free = index;
    }

    private struct Entry
    {
        public ulong Key;
        public ulong HeardAt;
        public int Port;

        /// <summary>In the bucket, or among the free ones.</summary>
        public int Next;

        /// <summary>Of the same port, in the order in which they were heard.</summary>
        public int Newer, Older;
    }

    private struct Owner
    {
        public int Newest, Oldest, Count, Limit;
    }
}
