using System.Collections.Generic;

namespace HyperOS.Management.Configuration;

/// <summary>A document that is written, or deleted where it has no content.</summary>
/// <param name="Key">Printable ASCII; a kind, a slash, a name: users/admin.</param>
/// <param name="Content">Any bytes; null deletes.</param>
internal readonly record struct DocumentChange(string Key, byte[]? Content);

/// <summary>
/// What lasts: documents by key. All changes of a commit are there after it, or none, also after a power cut in its midst; when it returns they
/// last. Reads are from memory. Any thread may call.
/// </summary>
internal interface IConfigurationStore
{
    /// <summary>Whether what is written outlasts the host.</summary>
    bool IsPersistent { get; }

    /// <returns>Null if there is none.</returns>
    byte[]? Read(string key);

    /// <returns>All documents whose key begins so, in the order of their keys.</returns>
    IReadOnlyList<KeyValuePair<string, byte[]>> List(string prefix);

    /// <exception cref="System.IO.IOException">The medium fails; then nothing has changed.</exception>
    void Commit(params IReadOnlyList<DocumentChange> changes);
}
