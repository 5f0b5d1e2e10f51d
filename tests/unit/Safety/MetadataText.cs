using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace HyperOS.Tests.Unit.Safety;

/// <summary>Names and signatures of an assembly's metadata as text: ECMA-335, partition II, sections 22 and 23. Pointers end in an asterisk.</summary>
internal sealed class MetadataText : ISignatureTypeProvider<string, object?>
{
    private readonly MetadataReader _reader;

    public MetadataText(MetadataReader reader) => _reader = reader;

    public string NameOf(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _reader.GetTypeDefinition(handle);
        string name = _reader.GetString(type.Name);
        return type.IsNested ? $"{NameOf(type.GetDeclaringType())}.{name}" : Join(_reader.GetString(type.Namespace), name);
    }

    public string NameOf(TypeReferenceHandle handle)
    {
        TypeReference type = _reader.GetTypeReference(handle);
        string name = _reader.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{NameOf((TypeReferenceHandle)type.ResolutionScope)}.{name}"
            : Join(_reader.GetString(type.Namespace), name);
    }

    /// <summary>The name of a type by any handle; with generic arguments for a specification.</summary>
    public string NameOf(EntityHandle handle) => handle.Kind switch
    {
        HandleKind.TypeDefinition => NameOf((TypeDefinitionHandle)handle),
        HandleKind.TypeReference => NameOf((TypeReferenceHandle)handle),
        HandleKind.TypeSpecification => _reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null),
        _ => "?",
    };

    public string NameOf(MethodDefinitionHandle handle)
    {
        MethodDefinition method = _reader.GetMethodDefinition(handle);
        return $"{NameOf(method.GetDeclaringType())}.{_reader.GetString(method.Name)}";
    }

    /// <summary>Return type and parameters, with a mark for instance methods and the number of the method's own type parameters.</summary>
    public static string Text(MethodSignature<string> signature)
    {
        string generic = signature.GenericParameterCount == 0 ? "" : $"<{signature.GenericParameterCount}>";
        string instance = signature.Header.IsInstance ? "instance " : "";
        return $"{generic}({string.Join(", ", signature.ParameterTypes)}) : {instance}{signature.ReturnType}";
    }

    public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{new string(',', shape.Rank - 1)}]";

    public string GetByReferenceType(string elementType) => elementType + "&";

    public string GetFunctionPointerType(MethodSignature<string> signature) => $"delegate*{Text(signature)}";

    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => $"{genericType}<{string.Join(", ", typeArguments)}>";

    public string GetGenericMethodParameter(object? genericContext, int index) => $"!!{index}";

    public string GetGenericTypeParameter(object? genericContext, int index) => $"!{index}";

    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

    public string GetPinnedType(string elementType) => elementType + " pinned";

    public string GetPointerType(string elementType) => elementType + "*";

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => $"System.{typeCode}";

    public string GetSZArrayType(string elementType) => elementType + "[]";

    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => NameOf(handle);

    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => NameOf(handle);

    public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) => NameOf(handle);

    private static string Join(string space, string name) => space.Length == 0 ? name : $"{space}.{name}";
}
