namespace HyperOS.Specs.Kvm;

/// <summary>Hypercall results, in RAX; zero or more is success. Linux, include/uapi/linux/kvm_para.h.</summary>
public enum KvmHypercallError : long
{
    /// <summary>Done.</summary>
    Success = 0,

    /// <summary>Not at CPL 0.</summary>
    KVM_EPERM = -1,

    /// <summary>Too much.</summary>
    KVM_E2BIG = -7,

    /// <summary>A bad address.</summary>
    KVM_EFAULT = -14,

    /// <summary>A bad argument.</summary>
    KVM_EINVAL = -22,

    /// <summary>Not supported.</summary>
    KVM_EOPNOTSUPP = -95,

    /// <summary>No such hypercall.</summary>
    KVM_ENOSYS = -1000,
}
