using HyperOS.Emulation;

namespace HyperOS.Tests.Emulation.Policy;

public class TranslationTagsTests
{
    [Fact]
    public void Tags_are_given_once_and_then_a_generation_begins()
    {
        TranslationTags tags = new(4);
        TranslationTag first = default, second = default, third = default;
        Assert.False(tags.IsCurrent(in first));
        Assert.False(tags.Assign(ref first));
        Assert.False(tags.Assign(ref second));
        Assert.False(tags.Assign(ref third));
        Assert.Equal((1u, 2u, 3u), (first.Value, second.Value, third.Value));
        Assert.True(tags.Assign(ref second));
        Assert.Equal(1u, second.Value);
        Assert.True(tags.IsCurrent(in second));
        Assert.False(tags.IsCurrent(in first) || tags.IsCurrent(in third));
    }

    [Fact]
    public void A_forgotten_tag_is_current_nowhere()
    {
        TranslationTags tags = new(4);
        TranslationTag tag = default;
        tags.Assign(ref tag);
        tag.Forget();
        Assert.False(tags.IsCurrent(in tag));
    }

    /// <summary>
    /// Guests come and go on a few processors, and each run leaves translations to the frames that the guest had then. No guest ever enters under a
    /// tag under which a processor has translations of another, or of its own from before it was elsewhere or forgot them.
    /// </summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(16)]
    public void No_guest_meets_translations_that_are_not_its_own(int count)
    {
        const int Processors = 3, Guests = 7;
        Random random = new(count);
        TranslationTags[] tags = [.. Enumerable.Range(0, Processors).Select(_ => new TranslationTags((uint)count))];
        Dictionary<uint, int>[] cached = [.. Enumerable.Range(0, Processors).Select(_ => new Dictionary<uint, int>())];
        TranslationTag[] held = new TranslationTag[Guests];
        int[] where = new int[Guests], incarnation = new int[Guests];
        for (int i = 0; i < 100_000; i++)
        {
            int guest = random.Next(Guests), processor = random.Next(Processors);
            if (random.Next(20) == 0)
            {
                incarnation[guest] += Guests; // its frames go elsewhere
                held[guest].Forget();
            }
            if (where[guest] != processor)
                held[guest].Forget();
            where[guest] = processor;
            if (!tags[processor].IsCurrent(in held[guest]) && tags[processor].Assign(ref held[guest]))
                cached[processor].Clear();
            int self = guest + incarnation[guest];
            Assert.InRange(held[guest].Value, 1u, (uint)count - 1);
            Assert.Equal(self, cached[processor].GetValueOrDefault(held[guest].Value, self));
            cached[processor][held[guest].Value] = self;
        }
    }
}
