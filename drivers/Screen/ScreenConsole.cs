using System;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Display;
using HyperOS.Firmware;
using HyperOS.Memory;
using HyperOS.Platform;

namespace HyperOS.Screen;

/// <summary>The screen that the boot loader set up, as a console: VGA's text mode, or a linear framebuffer for which there is a font.</summary>
public sealed class ScreenConsole : ConsoleSink
{
    private readonly TextRenderer _renderer;
    private readonly DeviceMemory _memory;
    private readonly bool _hasTextCursor;

    private ScreenConsole(TextRenderer renderer, DeviceMemory memory, bool hasTextCursor)
    {
        _renderer = renderer;
        _memory = memory;
        _hasTextCursor = hasTextCursor;
        renderer.Clear(memory.Bytes);
    }

    /// <summary>Maps the screen and empties it; during start-up.</summary>
    /// <param name="framebuffer">As the boot loader described it.</param>
    /// <param name="font">A font's file; empty when there is none.</param>
    /// <returns>Null when there is no screen that can be used; the log says why.</returns>
    public static ScreenConsole? Detect(in Framebuffer framebuffer, ReadOnlySpan<byte> font)
    {
        if (framebuffer.Type == FramebufferType.None)
            return null;
        TextRenderer? renderer = framebuffer.Type switch
        {
            FramebufferType.EgaText => EgaTextRenderer.TryCreate(framebuffer.Width, framebuffer.Height, framebuffer.Pitch),
            FramebufferType.DirectColor => CreatePixelRenderer(in framebuffer, font),
            _ => null,
        };
        if (renderer is null || !IsAddressable(framebuffer.Address, renderer.FrameBytes)
            || !DeviceMemory.TryMap(framebuffer.Address, renderer.FrameBytes, Protection.WriteCombining, out DeviceMemory? memory))
        {
            Log.Write("screen"u8, $"{framebuffer.Width} by {framebuffer.Height}, {framebuffer.BitsPerPixel} bits, type {(uint)framebuffer.Type}: cannot be used");
            return null;
        }
        Log.Write("screen"u8, $"{renderer.Grid.Columns} by {renderer.Grid.Rows} characters");
        return new ScreenConsole(renderer, memory!, framebuffer.Type == FramebufferType.EgaText);
    }

    /// <summary>Takes the text; <see cref="Refresh"/> shows it.</summary>
    public override void Write(ReadOnlySpan<byte> bytes) => _renderer.Grid.Write(bytes);

    /// <inheritdoc/>
    public override void Refresh()
    {
        _renderer.Draw(_memory.Bytes);
        if (_hasTextCursor)
            TextCursor.Move(_renderer.Grid.CursorRow * _renderer.Grid.Columns + _renderer.Grid.CursorColumn);
    }

    private static PixelRenderer? CreatePixelRenderer(in Framebuffer framebuffer, ReadOnlySpan<byte> fontFile)
    {
        PsfFontStatus status = PsfFont.TryParse(fontFile, out PsfFont? font);
        if (font is null)
        {
            Log.Write("screen"u8, $"the font {(fontFile.IsEmpty ? "is missing"u8 : "cannot be read"u8)}, status {(uint)status}");
            return null;
        }
        PixelFormat format = new()
        {
            Pitch = framebuffer.Pitch,
            Width = framebuffer.Width,
            Height = framebuffer.Height,
            BitsPerPixel = framebuffer.BitsPerPixel,
            RedPosition = framebuffer.RedPosition,
            RedSize = framebuffer.RedSize,
            GreenPosition = framebuffer.GreenPosition,
            GreenSize = framebuffer.GreenSize,
            BluePosition = framebuffer.BluePosition,
            BlueSize = framebuffer.BlueSize,
        };
        return PixelRenderer.TryCreate(in format, font);
    }

    // Above what the processor can address, a mapping would fault.
    private static bool IsAddressable(HostPhysicalAddress start, uint bytes)
    {
        int bits = (int)(Cpu.Identify(0x8000_0008).Eax & 0xFF);
        return start.TryAdd(bytes, out HostPhysicalAddress end) && end.Value >> bits == 0;
    }
}
