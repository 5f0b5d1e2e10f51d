using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace HyperOS.Tests.Unit.Safety;

/// <summary>Everything that code outside of an assembly can name in it, one line an item, so that two assemblies compare as sets.</summary>
internal static class PublicSurface
{
    public static IReadOnlySet<string> Of(string path)
    {
        using PEReader file = new(File.OpenRead(path));
        MetadataReader reader = file.GetMetadataReader();
        MetadataText text = new(reader);
        HashSet<string> surface = [];
        foreach (TypeDefinitionHandle handle in reader.TypeDefinitions)
        {
            TypeDefinition type = reader.GetTypeDefinition(handle);
            if (!IsVisible(reader, type))
                continue;
            string name = text.NameOf(handle);
            surface.Add($"{Kind(text, type)} {name}");
            foreach (FieldDefinitionHandle fieldHandle in type.GetFields())
            {
                FieldDefinition field = reader.GetFieldDefinition(fieldHandle);
                if (IsVisible((int)(field.Attributes & FieldAttributes.FieldAccessMask)))
                    surface.Add($"{name}.{reader.GetString(field.Name)} : {field.DecodeSignature(text, null)}{Constant(reader, field)}");
            }
            foreach (MethodDefinitionHandle methodHandle in type.GetMethods())
            {
                MethodDefinition method = reader.GetMethodDefinition(methodHandle);
                if (IsVisible((int)(method.Attributes & MethodAttributes.MemberAccessMask)))
                    surface.Add($"{name}.{reader.GetString(method.Name)}{MetadataText.Text(method.DecodeSignature(text, null))}");
            }
        }
        return surface;
    }

    private static bool IsVisible(MetadataReader reader, TypeDefinition type) => (type.Attributes & TypeAttributes.VisibilityMask) switch
    {
        TypeAttributes.Public => true,
        TypeAttributes.NestedPublic or TypeAttributes.NestedFamily => IsVisible(reader, reader.GetTypeDefinition(type.GetDeclaringType())),
        _ => false,
    };

    /// <summary>Public, protected, or protected internal: methods and fields use the same numbers.</summary>
    private static bool IsVisible(int access) =>
        access is (int)MethodAttributes.Public or (int)MethodAttributes.Family or (int)MethodAttributes.FamORAssem;

    private static string Kind(MetadataText text, TypeDefinition type)
    {
        if ((type.Attributes & TypeAttributes.Interface) != 0)
            return "interface";
        return type.BaseType.IsNil ? "class" : text.NameOf(type.BaseType) switch
        {
            "System.Enum" => "enum",
            "System.ValueType" => "struct",
            _ => "class",
        };
    }

    private static string Constant(MetadataReader reader, FieldDefinition field)
    {
        if (field.GetDefaultValue().IsNil)
            return "";
        ImmutableArray<byte> value = reader.GetBlobContent(reader.GetConstant(field.GetDefaultValue()).Value);
        return " = 0x" + Convert.ToHexString([.. value]);
    }
}
