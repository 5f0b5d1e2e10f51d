using HyperOS.Platform;

namespace HyperOS.Screen;

/// <summary>
/// The blinking cursor of VGA's text mode. IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem", CRT controller
/// registers.
/// </summary>
internal static class TextCursor
{
    private const ushort Index = 0x3D4, Data = 0x3D5;
    private const byte CursorLocationHigh = 0x0E, CursorLocationLow = 0x0F;

    /// <summary>To a character, counted from the top left.</summary>
    public static void Move(int position)
    {
        Port.Write8(Index, CursorLocationHigh);
        Port.Write8(Data, (byte)(position >> 8 & 0xFF));
        Port.Write8(Index, CursorLocationLow);
        Port.Write8(Data, (byte)(position & 0xFF));
    }
}
