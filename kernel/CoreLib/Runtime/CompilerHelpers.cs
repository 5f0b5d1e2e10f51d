using System;
using System.Runtime.CompilerServices;

namespace Internal.Runtime.CompilerHelpers
{
    /// <summary>Compiled code calls these, by name, where a check fails.</summary>
    internal static class ThrowHelpers
    {
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowIndexOutOfRangeException() => Failure.Fail(FailureKind.IndexOutOfRange);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowArgumentOutOfRangeException() => Failure.Fail(FailureKind.ArgumentOutOfRange);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowArgumentException() => Failure.Fail(FailureKind.ArgumentOutOfRange);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowOverflowException() => Failure.Fail(FailureKind.Overflow);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowDivideByZeroException() => Failure.Fail(FailureKind.DivideByZero);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowNullReferenceException() => Failure.Fail(FailureKind.NullReference);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowPlatformNotSupportedException() => Failure.Fail(FailureKind.InvalidProgram);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowNotImplementedException() => Failure.Fail(FailureKind.InvalidProgram);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowInvalidProgramException(int id) => Failure.Fail(FailureKind.InvalidProgram);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowInvalidProgramExceptionWithArgument(int id, string argument) => Failure.Fail(FailureKind.InvalidProgram);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowFeatureBodyRemoved() => Failure.Fail(FailureKind.InvalidProgram);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowInstanceBodyRemoved() => Failure.Fail(FailureKind.InvalidProgram);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowUnavailableType() => Failure.Fail(FailureKind.InvalidProgram);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowBadImageFormatException(int id) => Failure.Fail(FailureKind.InvalidProgram);
        [MethodImpl(MethodImplOptions.NoInlining)] internal static void ThrowTypeLoadException(int id, string type, string assembly) => Failure.Fail(FailureKind.InvalidProgram);
    }

    internal static class StartupCodeHelpers { }

    /// <summary>
    /// ILC insists on the helper where a table of constants wider than a byte is made a span; compiled code never calls it, since
    /// <see cref="RuntimeHelpers.CreateSpan"/> becomes the table's address.
    /// </summary>
    internal static class LdTokenHelpers
    {
        private static RuntimeFieldHandle GetRuntimeFieldHandle(IntPtr field)
        {
            Failure.Fail(FailureKind.InvalidProgram);
            return default;
        }
    }
}

namespace System.Runtime.InteropServices
{
    /// <summary>ILC insists on the type; nothing implements it.</summary>
    public unsafe interface IDynamicInterfaceCastable
    {
        internal static IntPtr GetDynamicInterfaceImplementation(IDynamicInterfaceCastable instance, Internal.Runtime.MethodTable* type, ushort slot) => 0;
    }
}

namespace System.Runtime.CompilerServices
{
    /// <summary>What ILC writes in front of the statics of a type whose static constructor runs lazily.</summary>
    [InteropServices.StructLayout(InteropServices.LayoutKind.Sequential)]
    internal struct StaticClassConstructionContext
    {
        /// <summary>The constructor; 0 once it has run, odd while some processor runs it.</summary>
        public IntPtr cctorMethodAddress;
    }

    /// <summary>
    /// Runs a lazy static constructor once, whichever processor comes first; the others wait. Constructors must not touch hardware, nor
    /// yield: a processor that comes back to one that it is running is let through, as the CLI demands of a thread.
    /// </summary>
    internal static unsafe class ClassConstructorRunner
    {
        private const long Running = 1;

        [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ProcessorBlockCurrent")]
        private static extern long CurrentProcessor();

        private static void CheckStaticClassConstruction(ref StaticClassConstructionContext context)
        {
            ref long state = ref Unsafe.As<IntPtr, long>(ref context.cctorMethodAddress);
            long mine = CurrentProcessor() | Running; // blocks are aligned to 64 bytes, methods to 16
            for (long seen = Threading.Volatile.Read(ref state); seen != 0 && seen != mine; seen = Threading.Volatile.Read(ref state))
            {
                if ((seen & Running) != 0)
                {
                    Threading.Thread.SpinWait(1);
                }
                else if (Threading.Interlocked.CompareExchange(ref state, mine, seen) == seen)
                {
                    ((delegate*<void>)seen)();
                    Threading.Volatile.Write(ref state, 0);
                }
            }
        }

        private static ref byte CheckStaticClassConstructionReturnNonGCStaticBase(ref StaticClassConstructionContext context, ref byte statics)
        {
            CheckStaticClassConstruction(ref context);
            return ref statics;
        }

        private static object CheckStaticClassConstructionReturnGCStaticBase(ref StaticClassConstructionContext context, object statics)
        {
            CheckStaticClassConstruction(ref context);
            return statics;
        }

        private static IntPtr CheckStaticClassConstructionReturnNonGCStaticBase(ref StaticClassConstructionContext context, IntPtr statics)
        {
            CheckStaticClassConstruction(ref context);
            return statics;
        }
    }
}
