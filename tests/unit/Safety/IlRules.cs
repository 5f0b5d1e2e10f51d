using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;

namespace HyperOS.Tests.Unit.Safety;

/// <summary>
/// What a pure room may not contain, judged by its compiled IL. The C# switch for unsafe code is not enough: <c>Unsafe</c>,
/// <c>MemoryMarshal</c> and extern imports compile without it, and what throws, catches or boxes compiles too but does not work in
/// the kernel.
/// </summary>
internal sealed class IlRules
{
    /// <summary>Types whose members go around the type system, in whole or in part.</summary>
    private static readonly string[] s_unsafeTypes =
    [
        "System.Runtime.CompilerServices.Unsafe",
        "System.Runtime.InteropServices.MemoryMarshal",
        "System.Runtime.InteropServices.CollectionsMarshal",
        "System.Runtime.InteropServices.Marshal",
        "System.Runtime.InteropServices.NativeMemory",
        "System.Runtime.InteropServices.NativeLibrary",
        "System.Runtime.InteropServices.GCHandle",
        "System.Runtime.CompilerServices.RuntimeHelpers",
    ];

    /// <summary>What the C# compiler itself calls for array and span literals, and a question about a type.</summary>
    private static readonly string[] s_safeHelpers =
    [
        "System.Runtime.CompilerServices.RuntimeHelpers.CreateSpan",
        "System.Runtime.CompilerServices.RuntimeHelpers.InitializeArray",
        "System.Runtime.CompilerServices.RuntimeHelpers.IsReferenceOrContainsReferences",
    ];

    /// <summary>The constructor that the C# compiler calls for a literal of bytes that lies in the assembly's data.</summary>
    private const string LiteralConstructor = "System.ReadOnlySpan`1<System.Byte>..ctor(System.Void*, System.Int32) : instance System.Void";

    /// <summary>The C# compiler builds spans over stack memory of a constant size in one pattern; more than this many bytes is refused.</summary>
    private const int MaximumStackSpan = 1024;

    private const string StackSpanConstructor = "..ctor(System.Void*, System.Int32) : instance System.Void";

    /// <summary>Home of literals and of bounds-checked helpers for inline arrays; no name that C# source could use.</summary>
    private const string CompilerDetails = "<PrivateImplementationDetails>";

    private static readonly OpCode[] s_refusedCodes =
    [
        OpCodes.Localloc, OpCodes.Calli, OpCodes.Cpblk, OpCodes.Initblk, OpCodes.Jmp, OpCodes.Arglist, OpCodes.Mkrefany, OpCodes.Refanyval,
        OpCodes.Unaligned,
    ];

    private readonly PEReader _file;
    private readonly MetadataReader _reader;
    private readonly MetadataText _text;
    private readonly List<string> _violations = [];

    private IlRules(PEReader file)
    {
        _file = file;
        _reader = file.GetMetadataReader();
        _text = new MetadataText(_reader);
    }

    /// <summary>One line a violation, each beginning with the member's name.</summary>
    public static IReadOnlyList<string> Check(Assembly assembly)
    {
        using PEReader file = new(File.OpenRead(assembly.Location));
        IlRules rules = new(file);
        rules.CheckModule(assembly.GetName().Name!);
        foreach (TypeDefinitionHandle handle in rules._reader.TypeDefinitions)
            rules.CheckType(handle);
        foreach (Type type in assembly.GetTypes())
            rules.CheckOverlay(type);
        return rules._violations;
    }

    private void Refuse(string member, string what) => _violations.Add($"{member}: {what}");

    private void CheckModule(string name)
    {
        foreach (CustomAttributeHandle handle in _reader.GetCustomAttributes(EntityHandle.ModuleDefinition))
        {
            EntityHandle constructor = _reader.GetCustomAttribute(handle).Constructor;
            if (constructor.Kind == HandleKind.MemberReference
                && _text.NameOf(_reader.GetMemberReference((MemberReferenceHandle)constructor).Parent) == "System.Security.UnverifiableCodeAttribute")
                Refuse(name, "is compiled with unsafe code switched on");
        }
    }

    private void CheckType(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _reader.GetTypeDefinition(handle);
        string name = _text.NameOf(handle);
        if (name.Split('.')[0] == CompilerDetails)
            return;
        foreach (FieldDefinitionHandle field in type.GetFields())
        {
            FieldDefinition definition = _reader.GetFieldDefinition(field);
            string signature = definition.DecodeSignature(_text, null);
            if (signature.Contains('*', StringComparison.Ordinal))
                Refuse($"{name}.{_reader.GetString(definition.Name)}", $"has the pointer type {signature}");
        }
        bool isDelegate = !type.BaseType.IsNil && _text.NameOf(type.BaseType) == "System.MulticastDelegate";
        foreach (MethodDefinitionHandle method in type.GetMethods())
            CheckMethod(method, isDelegate);
    }

    private void CheckMethod(MethodDefinitionHandle handle, bool isDelegate)
    {
        MethodDefinition method = _reader.GetMethodDefinition(handle);
        string name = _text.NameOf(handle);
        string signature = MetadataText.Text(method.DecodeSignature(_text, null));
        if (signature.Contains('*', StringComparison.Ordinal))
            Refuse(name, $"has pointer types in its signature {signature}");
        if (method.RelativeVirtualAddress == 0)
        {
            if ((method.Attributes & MethodAttributes.Abstract) == 0 && !isDelegate)
                Refuse(name, "is extern (a platform call, an internal call or an accessor of private members)");
            return;
        }
        MethodBodyBlock body = _file.GetMethodBody(method.RelativeVirtualAddress);
        foreach (ExceptionRegion region in body.ExceptionRegions)
            Refuse(name, $"has a {region.Kind.ToString().ToLowerInvariant()} region, which never runs in the kernel");
        if (!body.LocalSignature.IsNil)
        {
            foreach (string local in _reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(_text, null))
            {
                if (local.Contains('*', StringComparison.Ordinal) || local.EndsWith(" pinned", StringComparison.Ordinal))
                    Refuse(name, $"has a local variable of type {local}");
            }
        }
        List<IlInstruction> instructions = IlReader.Read(body);
        for (int i = 0; i < instructions.Count; i++)
            CheckInstruction(name, instructions, i);
    }

    private void CheckInstruction(string name, List<IlInstruction> instructions, int index)
    {
        (OpCode code, EntityHandle token, _) = instructions[index];
        if (code == OpCodes.Box)
            Refuse(name, $"boxes a {_text.NameOf(token)}");
        else if (s_refusedCodes.Contains(code) && !IsStackSpan(instructions, index))
            Refuse(name, $"uses the instruction {code.Name}");
        else if (Called(token) is { } target && !IsLiteral(target.Text, instructions, index) && !IsStackSpan(instructions, index - 2))
            CheckTarget(name, target.Type, target.Name, target.Text);
    }

    private void CheckTarget(string caller, string type, string name, string text)
    {
        string genericType = type.Split('<')[0];
        if (genericType.Length == 0)
            return;                                                            // a member of CompilerDetails, whose name begins with '<'
        bool isUnsafe = s_unsafeTypes.Any(refused => genericType == refused || genericType.StartsWith(refused + "`", StringComparison.Ordinal))
            && !s_safeHelpers.Contains($"{genericType}.{name}");
        if (isUnsafe || name.Contains("Unsafe", StringComparison.Ordinal) || text.Contains('*', StringComparison.Ordinal))
            Refuse(caller, $"uses {text}");
    }

    /// <summary>Whether this is a literal's construction: its data, a length that lies within, the constructor.</summary>
    private bool IsLiteral(string target, List<IlInstruction> instructions, int index)
    {
        if (target != LiteralConstructor || index < 2 || instructions[index - 1].Number is not { } length)
            return false;
        (OpCode code, EntityHandle token, _) = instructions[index - 2];
        if (code != OpCodes.Ldsflda || token.Kind != HandleKind.FieldDefinition)
            return false;
        FieldDefinition field = _reader.GetFieldDefinition((FieldDefinitionHandle)token);
        return _text.NameOf(field.GetDeclaringType()) == CompilerDetails && (uint)length <= (uint)SizeOf(field);
    }

    /// <summary>Whether stack memory is taken, its size a small constant, for a span that lies within: length, localloc, length, constructor.</summary>
    private bool IsStackSpan(List<IlInstruction> instructions, int index)
    {
        if (index < 2 || index + 2 >= instructions.Count || instructions[index].Code != OpCodes.Localloc || instructions[index - 1].Code != OpCodes.Conv_U
            || instructions[index - 2].Number is not { } bytes || instructions[index + 1].Number is not { } length
            || Called(instructions[index + 2].Token) is not { } constructor || !constructor.Text.EndsWith(StackSpanConstructor, StringComparison.Ordinal))
            return false;
        int size = constructor.Type.Split('<') is ["System.Span`1" or "System.ReadOnlySpan`1", string element] ? SizeOf(element.TrimEnd('>')) : 0;
        return size != 0 && (ulong)(uint)length * (uint)size <= (uint)bytes && (uint)bytes <= MaximumStackSpan;
    }

    private int SizeOf(FieldDefinition field)
    {
        string type = field.DecodeSignature(_text, null);
        foreach (TypeDefinitionHandle handle in _reader.GetTypeDefinition(field.GetDeclaringType()).GetNestedTypes())
        {
            if (_text.NameOf(handle) == type)
                return _reader.GetTypeDefinition(handle).GetLayout().Size;
        }
        return SizeOf(type);
    }

    /// <summary>Bytes in an element of the primitive type; 0 for all others.</summary>
    private static int SizeOf(string type) => type switch
    {
        "System.Byte" or "System.SByte" => 1,
        "System.Int16" or "System.UInt16" => 2,
        "System.Int32" or "System.UInt32" => 4,
        "System.Int64" or "System.UInt64" => 8,
        _ => 0,
    };

    /// <summary>The method or field behind a token.</summary>
    private (string Type, string Name, string Text)? Called(EntityHandle token)
    {
        switch (token.Kind)
        {
            case HandleKind.MethodSpecification:
                return Called(_reader.GetMethodSpecification((MethodSpecificationHandle)token).Method);
            case HandleKind.MemberReference:
                MemberReference member = _reader.GetMemberReference((MemberReferenceHandle)token);
                string type = member.Parent.Kind == HandleKind.MethodDefinition ? "" : _text.NameOf(member.Parent);
                string name = _reader.GetString(member.Name);
                string signature = member.GetKind() == MemberReferenceKind.Method
                    ? MetadataText.Text(member.DecodeMethodSignature(_text, null))
                    : " : " + member.DecodeFieldSignature(_text, null);
                return (type, name, $"{type}.{name}{signature}");
            default:
                return null;                                                   // the assembly's own members are judged where they are defined
        }
    }

    /// <summary>References in a structure of explicit layout may overlap and so forge one another.</summary>
    private void CheckOverlay(Type type)
    {
        if (!type.IsExplicitLayout || type.FullName!.StartsWith(CompilerDetails, StringComparison.Ordinal))
            return;
        foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            if (field.FieldType.IsByRefLike || field.FieldType.IsByRef || !field.FieldType.IsPointer && HoldsReferences(field.FieldType))
                Refuse($"{type.FullName}.{field.Name}", "is or holds a reference in a structure of explicit layout");
        }
    }

    private static bool HoldsReferences(Type type) => type.ContainsGenericParameters || (bool)typeof(RuntimeHelpers)
        .GetMethod(nameof(RuntimeHelpers.IsReferenceOrContainsReferences))!.MakeGenericMethod(type).Invoke(null, null)!;
}
