using System;
using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Nics;
using HyperOS.Specs.Net;

namespace HyperOS.Startup;

/// <summary>The test kernel's use of network cards, with the option `nicTest=1`.</summary>
internal static partial class Kernel
{
    static partial void TestNics(HostOptions options)
    {
        for (int i = 0; i < NicList.Count && options.TestsNics; i++)
            NicTest.Connect(NicList.Get(i));
    }
}

/// <summary>
/// A station behind a card, for tests: greets when the link comes up, sends frames of the first experimental type back to where they came from, and
/// says at one of the second what was counted. IEEE 802, "Local Experimental EtherTypes".
/// </summary>
internal sealed class NicTest : FramePort
{
    private const ushort Echo = 0x88B5, Report = 0x88B6;

    private readonly Uplink _nic;
    private readonly byte[] _header = new byte[EthernetHeader.Length];
    private readonly byte[] _greeting = new byte[60];

    private NicTest(Uplink nic) => _nic = nic;

    public static void Connect(Uplink nic)
    {
        NicTest test = new(nic);
        nic.Connect(test, new Listener(test));
    }

    public override int Transmit(FrameBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            int length = batch.Length(i);
            Frame frame = new(default, batch, i, 0, length, default);
            if (frame.CopyTo(0, _header) < EthernetHeader.Length)
                continue;
            ushort type = BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(EthernetHeader.EtherType));
            if (type == Report)
                Write();
            if (type != Echo)
                continue;
            MacAddress sender = MacAddress.Read(_header.AsSpan(EthernetHeader.Source));
            sender.TryWrite(_header.AsSpan(EthernetHeader.Destination));
            _nic.Address.TryWrite(_header.AsSpan(EthernetHeader.Source));
            Frame answer = new(_header, batch, i, EthernetHeader.Length, length - EthernetHeader.Length, default);
            _nic.Receiver.Deliver(in answer);
        }
        _nic.Receiver.Flush();
        return batch.Count;
    }

    private void Write()
    {
        UplinkStatistics counted = _nic.Statistics;
        Log.Write("nicTest"u8, $"{_nic.Name} received {counted.ReceivedFrames} frames, transmitted {counted.TransmittedFrames}, dropped {counted.ReceiveDrops} and {counted.TransmitDrops}, errors {counted.ReceiveErrors}, lies {counted.Lies}, resets {counted.Resets}");
    }

    private void Greet()
    {
        MacAddress.Broadcast.TryWrite(_greeting.AsSpan(EthernetHeader.Destination));
        _nic.Address.TryWrite(_greeting.AsSpan(EthernetHeader.Source));
        BinaryPrimitives.WriteUInt16BigEndian(_greeting.AsSpan(EthernetHeader.EtherType), Echo);
        "HyperOS"u8.CopyTo(_greeting.AsSpan(EthernetHeader.Length));
        Frame frame = new(_greeting, null, 0, 0, 0, default);
        _nic.Receiver.Deliver(in frame);
        _nic.Receiver.Flush();
    }

    private sealed class Listener : UplinkListener
    {
        private readonly NicTest _test;

        public Listener(NicTest test) => _test = test;

        public override void LinkChanged(bool isUp)
        {
            if (isUp)
                _test.Greet();
        }
    }
}
