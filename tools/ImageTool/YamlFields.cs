using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace HyperOS.ImageTool;

/// <summary>
/// A YAML mapping read strictly: every key is known, every value has its form. What is wrong is reported with its place, and reading goes on
/// with a harmless value, so that one run finds everything.
/// </summary>
internal sealed class YamlFields
{
    private readonly string _file;
    private readonly string _path;
    private readonly YamlNode _place;
    private readonly List<SourceError> _errors;
    private readonly Dictionary<string, YamlNode> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _reported = new(StringComparer.Ordinal);

    public YamlFields(string file, string path, YamlNode node, List<SourceError> errors, params ReadOnlySpan<string> keys)
    {
        _file = file;
        _path = path;
        _place = node;
        _errors = errors;
        string known = string.Join(", ", keys!);
        if (node is not YamlMappingNode mapping)
        {
            IsMapping = false;
            Add(node, path, $"not a mapping; write keys and values below it: {known}");
            return;
        }
        IsMapping = true;
        foreach ((YamlNode keyNode, YamlNode value) in mapping.Children)
        {
            string key = keyNode is YamlScalarNode { Value: string text } ? text : keyNode.ToString();
            if (keys.Contains(key))
                _values.Add(key, value);
            else
                Add(keyNode, Path(key), $"unknown key; the keys here are {known}");
        }
    }

    /// <summary>False if this is no mapping, which has been reported.</summary>
    public bool IsMapping { get; }

    /// <summary>Whether the key is there.</summary>
    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>Reports something at a key; only the first report of a key counts, for the next ones follow from it, and none where all keys are missing.</summary>
    public void Report(string key, string message)
    {
        if (IsMapping && _reported.Add(key))
            Add(_values.GetValueOrDefault(key, _place), Path(key), message);
    }

    /// <returns>The value of a key that has to be there, or null, which has been reported.</returns>
    public YamlNode? Required(string key, string hint)
    {
        if (_values.TryGetValue(key, out YamlNode? node))
            return node;
        Report(key, $"missing; {hint}");
        return null;
    }

    public YamlFields? Mapping(string key, bool required, params ReadOnlySpan<string> keys)
    {
        YamlNode? node = required ? Required(key, $"it has the keys {string.Join(", ", keys!)}") : _values.GetValueOrDefault(key);
        return node is null ? null : new YamlFields(_file, Path(key), node, _errors, keys);
    }

    public IEnumerable<YamlNode> Sequence(string key, bool required, string hint)
    {
        YamlNode? node = required ? Required(key, hint) : _values.GetValueOrDefault(key);
        if (node is YamlSequenceNode sequence)
            return sequence.Children;
        if (node is not null)
            Report(key, $"not a list; {hint}");
        return [];
    }

    /// <returns>The text of a scalar, or null if there is none; what is not a scalar, or empty, has been reported.</returns>
    public string? Text(string key, bool required, string hint)
    {
        YamlNode? node = required ? Required(key, hint) : _values.GetValueOrDefault(key);
        if (node is null)
            return null;
        if (node is YamlScalarNode { Value: string text } scalar && (text.Length != 0 || scalar.Style != ScalarStyle.Plain))
            return text;
        Report(key, node is YamlScalarNode ? $"empty; {hint}" : $"not a single value; {hint}");
        return null;
    }

    /// <returns>The value that the scalar names in <paramref name="choices"/>, or the fallback if it is not there or none of them.</returns>
    public T Choice<T>(string key, T fallback, params ReadOnlySpan<(string Name, T Value)> choices)
    {
        string names = "";
        foreach ((string name, _) in choices)
            names += names.Length == 0 ? name : $", {name}";
        string hint = $"write one of {names}";
        if (Text(key, required: false, hint) is not string text)
            return fallback;
        foreach ((string name, T value) in choices)
        {
            if (name == text)
                return value;
        }
        Report(key, $"\"{text}\" is unknown; {hint}");
        return fallback;
    }

    public ulong Number(string key, bool required, ulong fallback, string hint)
    {
        if (Text(key, required, hint) is not string text)
            return fallback;
        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number))
            return number;
        Report(key, $"\"{text}\" is no whole number; {hint}");
        return fallback;
    }

    public ulong Bytes(string key, ulong fallback, string hint)
    {
        if (Text(key, required: true, hint) is not string text)
            return fallback;
        if (ByteSize.TryParse(text, out ulong bytes))
            return bytes;
        Report(key, $"\"{text}\" is no size; {hint}");
        return fallback;
    }

    private string Path(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    private void Add(YamlNode node, string path, string message) =>
        _errors.Add(new SourceError(_file, node.Start.Line, node.Start.Column, path.Length == 0 ? "file" : path, message));
}
