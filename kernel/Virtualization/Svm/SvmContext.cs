using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Specs.Amd;

namespace HyperOS.Virtualization.Svm;

/// <summary>What SVM keeps for a vCPU: the VMCB's frame, its ASID, and what the next entry must say.</summary>
internal sealed class SvmContext
{
    /// <summary>The frame of the VMCB.</summary>
    public readonly HostPhysicalAddress Vmcb;

    /// <summary>The processor that ran it last; its ASID and the VMCB's cached parts mean nothing on another.</summary>
    public int LastProcessor = -1;

    /// <summary>Generation of the ASID: see <see cref="SvmProcessor"/>.</summary>
    public ulong AsidGeneration;

    /// <summary>The next entry flushes this guest's translations.</summary>
    public bool FlushAtEntry;

    /// <summary>Parts of the VMCB that the processor may take from its cache. Cleared by whoever changes one.</summary>
    public VmcbCleanBits Clean;

    /// <summary>An NMI was injected and its handler has not returned.</summary>
    public bool NmiBlocked;

    /// <summary>Where the IRET stands that ends the NMI's handler, once it was reached.</summary>
    public ulong NmiReturn;

    /// <summary>TF was set to step over that IRET.</summary>
    public bool StepsOverReturn;

    // The page that the last intercepted instruction was fetched from, to fetch the next without a walk. What is read through it is
    // compared with what the exit says, so a stale entry costs only the walk.
    public ulong CodeCr3 = ulong.MaxValue, CodePage;
    public HostPhysicalAddress CodeFrame;

    public SvmContext(HostPhysicalAddress vmcb) => Vmcb = vmcb;
}
