using System;
using System.Collections.Generic;

namespace HyperOS.Management.TcpIp;

/// <summary>What routers have told of narrow links on the way to a host (RFC 1191 section 6.3); forgotten after ten minutes, when it may be better.</summary>
internal sealed class PathMtuCache(StackContext context)
{
    private const int MaximumEntries = 256;
    private const long Lifetime = 600_000_000;

    private readonly Dictionary<IpAddress, (int Mtu, long Until)> _paths = [];

    /// <summary>The path's MTU, at most the link's.</summary>
    public int Get(IpAddress destination, int link)
    {
        if (_paths.Count == 0 || !_paths.TryGetValue(destination, out (int Mtu, long Until) path))
            return link;
        if (context.Now < path.Until)
            return Math.Min(path.Mtu, link);
        _paths.Remove(destination);
        return link;
    }

    public void Lower(IpAddress destination, int mtu)
    {
        if (_paths.Count == MaximumEntries && !_paths.ContainsKey(destination))
            _paths.Clear();
        _paths[destination] = (Math.Max(mtu, Ipv4Layer.MinimumMtu), context.Now + Lifetime);
    }
}
