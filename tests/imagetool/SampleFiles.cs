using HyperOS.Tests.Unit.Loaders;

namespace HyperOS.Tests.ImageTool;

/// <summary>A directory with a kernel, an initrd and a VM file; gone with its test.</summary>
internal sealed class SampleFiles : IDisposable
{
    /// <summary>Every key, as README shows the schema.</summary>
    public const string FullVmFile = """
        version: 1
        onAllStopped: poweroff
        vms:
          - name: web
            class: microvm
            cpu: { count: 1 }
            memory: 256MiB
            boot: { kernel: vmlinuz, initrd: initrd.img, cmdline: "console=ttyS0" }
            console: host
            devices: [ testExit ]
            autostart: true
            restart: onFailure
        """;

    /// <summary>Two networks, and VMs on them.</summary>
    public const string NetworkFile = """
        version: 1
        networks:
          - name: lan
            uplinks: [ nic0, nic1 ]
            portGroups:
              - { name: web, vlan: 10, promiscuous: reject, macChanges: accept, forgedTransmits: reject, limit: 100Mbit, burst: 2MiB }
              - { name: all, vlan: 5, trunk: [ 10, 20-22 ], promiscuous: accept, forgedTransmits: accept, limit: 8kbit }
          - name: inner
            portGroups: [ { name: web } ]
        vms:
          - name: a
            memory: 64MiB
            boot: { kernel: vmlinuz }
            nics:
              - { name: eth0, network: lan, portGroup: web, mac: auto }
              - { name: eth1, network: inner, portGroup: web, mac: "02:AB:00:00:00:01" }
          - name: b
            memory: 64MiB
            boot: { kernel: vmlinuz }
            nics: [ { name: eth0, network: lan, portGroup: all } ]
        """;

    /// <summary>VMs with disks; disk.raw is the test's to add.</summary>
    public const string DiskFile = """
        version: 1
        vms:
          - name: a
            memory: 64MiB
            boot: { kernel: vmlinuz }
            disks:
              - { name: root, image: disk.raw, size: 64MiB, readOnly: false }
              - { name: cd, image: disk.raw, readOnly: true }
              - { name: empty, size: 1GiB, volume: true }
          - name: b
            memory: 64MiB
            boot: { kernel: vmlinuz }
            disks: [ { name: root, size: 4KiB } ]
        """;

    public SampleFiles()
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("hyperos").FullName;
        Add("vmlinuz", TestImages.BzImage());
        Add("initrd.img", "initrd"u8.ToArray());
    }

    public string Directory { get; }

    public string Add(string name, byte[] content)
    {
        string path = Path.Combine(Directory, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    public string AddVmFile(string yaml)
    {
        string path = Path.Combine(Directory, "vms.yaml");
        File.WriteAllText(path, yaml);
        return path;
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
