using System.Runtime.CompilerServices;
using HyperOS.Core;
using HyperOS.Loaders;
using HyperOS.Tests.Unit.Loaders;

namespace HyperOS.Tests.Fuzz.Loaders;

public class LoaderFuzz
{
    private static readonly ulong[] s_ramSizes = [2 * Size.MiB, 16 * Size.MiB, 64 * Size.MiB, 3 * Size.GiB, 5 * Size.GiB];
    private static readonly ulong[] s_initrdLengths = [0, 0, 1, 0x12345, 8 * Size.MiB, 4 * Size.GiB, ulong.MaxValue];
    private readonly LoadPlan _plan = new();
    private int _loaded;

    [Fact]
    public void BzImages() => Run(TestImages.BzImage(), BzImageLoader.Load);

    [Fact]
    public void Pvh_ELF32_files() => Run(TestImages.Elf(false), PvhLoader.Load);

    [Fact]
    public void Pvh_ELF64_files() => Run(TestImages.Elf(true), PvhLoader.Load);

    [Fact]
    public void Multiboot_files_with_address_fields() => Run(TestImages.MultibootByAddress(), Multiboot1Loader.Load);

    [Fact]
    public void Multiboot_ELF_files() => Run(TestImages.Elf(false, hasNote: false, hasMultiboot: true), Multiboot1Loader.Load);

    [Fact]
    public void Images_of_any_format() => Run(TestImages.Elf(true, hasNote: true, hasMultiboot: true), GuestImage.Load);

    private delegate LoadStatus Loader(in LoadRequest request, LoadPlan plan);

    /// <summary>Mutates the parts of the image that the loader reads, and checks that a plan, where there is one, can do no harm.</summary>
    private void Run(byte[] valid, Loader load, [CallerMemberName] string test = "")
    {
        FuzzRun.Run(random =>
        {
            byte[] image = (byte[])valid.Clone();
            int start = random.Next(3) switch { 0 => 0, 1 => 0x1F0, _ => Math.Min(0x3000, image.Length - 64) };
            int length = Math.Min(0x100, image.Length - start);
            FuzzRun.Mutate(random, image[start..(start + length)]).CopyTo(image, start);
            if (random.Next(8) == 0)
                image = image[..random.Next(image.Length)];
            ulong ram = s_ramSizes[random.Next(s_ramSizes.Length)];
            Assert.True(GuestMemoryLayout.TryCreate(ram, new GuestPhysicalAddress(0xE0000), 0x1000,
                new GuestPhysicalAddress(0xE0000), out GuestMemoryLayout memory));
            LoadRequest request = new()
            {
                Image = image,
                CommandLine = new byte[random.Next(64)],
                InitrdLength = s_initrdLengths[random.Next(s_initrdLengths.Length)],
                Memory = memory,
            };
            LoadStatus status = load(in request, _plan);
            FuzzRun.Saw(status);
            if (status == LoadStatus.Ok)
            {
                _loaded++;
                Check(in request);
            }
        }, test);
        Assert.True(_loaded > 0 || FuzzRun.IsReplay);
    }

    private void Check(in LoadRequest request)
    {
        ReadOnlySpan<LoadAction> actions = _plan.Actions;
        bool isEntryFilled = false;
        for (int i = 0; i < actions.Length; i++)
        {
            LoadAction action = actions[i];
            ulong source = action.Kind switch
            {
                LoadActionKind.CopyImage => (ulong)request.Image.Length,
                LoadActionKind.CopyInitrd => request.InitrdLength,
                LoadActionKind.CopyBootData => (ulong)_plan.BootData.Length,
                _ => ulong.MaxValue,
            };
            Assert.True(action.Length <= source && action.Source <= source - action.Length);
            Assert.True(request.Memory.IsRam(action.Destination, action.Length));
            for (int other = 0; other < i; other++)
            {
                Assert.True(action.Destination.Value + action.Length <= actions[other].Destination.Value
                    || actions[other].Destination.Value + actions[other].Length <= action.Destination.Value);
            }
            isEntryFilled |= action.Kind is LoadActionKind.CopyImage or LoadActionKind.Zero
                && _plan.Entry.Rip >= action.Destination.Value && _plan.Entry.Rip - action.Destination.Value < action.Length;
        }
        Assert.True(isEntryFilled);
    }
}
