using System.Net;
using System.Text.Json.Nodes;

namespace HyperOS.Tests.Management;

internal sealed record ServerEvent(string Id, string Type, JsonNode Json);

/// <summary>One who listens to events.</summary>
internal sealed class EventReader : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(1));

    private EventReader(HttpResponseMessage response, StreamReader lines) => (_response, _lines) = (response, lines);

    public static async Task<EventReader> OpenAsync(Api api, string? last = null)
    {
        HttpResponseMessage response = await api.OpenAsync(HttpMethod.Get, "/events", null, last is null ? [] : [("Last-Event-ID", last)]);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return new EventReader(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    /// <summary>The next one, or the next that is such.</summary>
    public async Task<ServerEvent> ReadAsync(Func<ServerEvent, bool>? isSuch = null)
    {
        string id = "", type = "", data = "";
        while (await _lines.ReadLineAsync(_limit.Token) is string line)
        {
            if (line.Length == 0 && data.Length > 0)
            {
                ServerEvent happened = new(id, type, JsonNode.Parse(data)!);
                if (isSuch?.Invoke(happened) != false)
                    return happened;
                (type, data) = ("", "");
            }
            int colon = line.IndexOf(": ", StringComparison.Ordinal);
            string value = colon < 0 ? "" : line[(colon + 2)..];
            switch (colon < 0 ? "" : line[..colon])
            {
                case "id":
                    id = value;
                    break;
                case "event":
                    type = value;
                    break;
                case "data":
                    data = value;
                    break;
            }
        }
        throw new EndOfStreamException();
    }

    public void Dispose()
    {
        _response.Dispose();
        _lines.Dispose();
        _limit.Dispose();
    }
}
