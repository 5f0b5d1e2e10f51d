using System.Text;
using HyperOS.Management.Configuration;

namespace HyperOS.Tests.Management.Rooms;

/// <summary>Documents in a journal, with the power cut at every byte.</summary>
public sealed class JournalTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("hyperos-journal-").FullName;

    private string Journal => Path.Combine(_directory, "configuration.journal");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_commit_that_was_cut_anywhere_is_not_there_and_the_one_before_is()
    {
        int first;
        using (FileConfigurationStore store = new(_directory))
        {
            store.Commit(new DocumentChange("users/ann", "old"u8.ToArray()));
            first = (int)new FileInfo(Journal).Length;
            store.Commit(new DocumentChange("users/ann", "new"u8.ToArray()), new DocumentChange("users/bob", "made"u8.ToArray()));
        }
        byte[] whole = File.ReadAllBytes(Journal);
        for (int length = first; length <= whole.Length; length++)
        {
            File.WriteAllBytes(Journal, whole[..length]);
            using FileConfigurationStore store = new(_directory);
            bool isWhole = length == whole.Length;
            Assert.Equal(isWhole ? "new" : "old", Text(store, "users/ann"));
            Assert.Equal(isWhole ? "made" : null, Text(store, "users/bob"));
        }
    }

    [Fact]
    public void What_is_written_after_a_cut_lasts()
    {
        using (FileConfigurationStore store = new(_directory))
            store.Commit(new DocumentChange("a/1", "one"u8.ToArray()));
        using (FileStream torn = new(Journal, FileMode.Append))
            torn.Write([40, 0, 0, 0, 1, 2, 3]);
        using (FileConfigurationStore store = new(_directory))
            store.Commit(new DocumentChange("a/2", "two"u8.ToArray()));
        using (FileConfigurationStore store = new(_directory))
            Assert.Equal(["a/1", "a/2"], store.List("a/").Select(document => document.Key));
    }

    [Fact]
    public void It_does_not_grow_with_what_is_old()
    {
        byte[] content = new byte[0x1_0000];
        using (FileConfigurationStore store = new(_directory))
        {
            for (int i = 0; i < 200; i++)
            {
                content[0] = (byte)i;
                store.Commit(new DocumentChange("a/1", content));
            }
            store.Commit(new DocumentChange("a/2", [1]), new DocumentChange("a/3", [1]));
            store.Commit(new DocumentChange("a/3", null));
        }
        Assert.InRange(new FileInfo(Journal).Length, 0x1_0000, 0x20_0000);
        using FileConfigurationStore again = new(_directory);
        Assert.Equal(199, again.Read("a/1")![0]);
        Assert.Equal(["a/1", "a/2"], again.List("").Select(document => document.Key));
    }

    private static string? Text(FileConfigurationStore store, string key) => store.Read(key) is byte[] content ? Encoding.UTF8.GetString(content) : null;
}
