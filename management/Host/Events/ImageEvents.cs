using System.Collections.Concurrent;
using System.Linq;
using System.Threading.Tasks;
using HyperOS.Abi.Control;
using HyperOS.Management.Api;
using HyperOS.Management.Images;
using HyperOS.Management.KernelClient;

namespace HyperOS.Management.Events;

/// <summary>An image that is gone.</summary>
internal sealed record ImageDeletion(string Name);

/// <summary>Tells listeners of images.</summary>
internal sealed class ImageEvents(KernelConnection kernel, EventHub events)
{
    // Names of those that were told of, for when they are gone.
    private readonly ConcurrentDictionary<ulong, string> _names = new();

    public async Task TellAsync(ulong id)
    {
        ImageRecord image = (await kernel.ListImagesAsync()).FirstOrDefault(image => image.Id == id);
        if (image.Id == id)
        {
            ImageResource resource = ImagesApi.Resource(image);
            _names[id] = resource.Name;
            events.Publish("image", "", resource, ApiJson.Default.ImageResource);
        }
        else if (_names.TryRemove(id, out string? name))
        {
            events.Publish("imageDeleted", "", new ImageDeletion(name), ApiJson.Default.ImageDeletion);
        }
    }
}
