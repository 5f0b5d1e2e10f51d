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
    private readonly Answers _answers;

    private NicTest(Uplink nic)
    {
        _nic = nic;
        _answers = new Answers(this);
    }

    public static void Connect(Uplink nic)
    {
        NicTest test = new(nic);
        nic.Connect(test, new Listener(test));
    }

    public override int Transmit(FrameBatch batch)
    {
        _answers.Begin(batch);
        _nic.Receiver.Deliver(_answers);
        return batch.Count;
    }

    private void Write()
    {
        UplinkStatistics counted = _nic.Statistics;
        Log.Write("nicTest"u8, $"{_nic.Name} received {counted.ReceivedFrames} frames, transmitted {counted.TransmittedFrames}, dropped {counted.ReceiveDrops} and {counted.TransmitDrops}, errors {counted.ReceiveErrors}, lies {counted.Lies}, resets {counted.Resets}");
    }

    private void Greet()
    {
        _answers.Begin(null);
        _nic.Receiver.Deliver(_answers);
    }

    // What a batch is answered with; without one, the greeting.
    private sealed class Answers : FrameRun
    {
        private readonly NicTest _test;
        private readonly byte[] _header = new byte[EthernetHeader.Length];
        private readonly byte[] _greeting = new byte[60];
        private FrameBatch? _batch;
        private int _next;

        public Answers(NicTest test) => _test = test;

        public void Begin(FrameBatch? batch)
        {
            _batch = batch;
            _next = 0;
        }

        public override bool TryNext(out Frame frame)
        {
            while (_batch is not null && _next < _batch.Count)
            {
                int index = _next++, length = _batch.Length(index);
                if (new Frame(default, _batch, index, 0, length, default).CopyTo(0, _header) < EthernetHeader.Length)
                    continue;
                ushort type = BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(EthernetHeader.EtherType));
                if (type == Report)
                    _test.Write();
                if (type != Echo)
                    continue;
                MacAddress sender = MacAddress.Read(_header.AsSpan(EthernetHeader.Source));
                sender.TryWrite(_header.AsSpan(EthernetHeader.Destination));
                _test._nic.Address.TryWrite(_header.AsSpan(EthernetHeader.Source));
                frame = new Frame(_header, _batch, index, EthernetHeader.Length, length - EthernetHeader.Length, default);
                return true;
            }
            bool greets = _batch is null && _next++ == 0;
            frame = greets ? Greeting() : default;
            return greets;
        }

        public override void Settle(DeliveryStatus status)
        {
        }

        private Frame Greeting()
        {
            MacAddress.Broadcast.TryWrite(_greeting.AsSpan(EthernetHeader.Destination));
            _test._nic.Address.TryWrite(_greeting.AsSpan(EthernetHeader.Source));
            BinaryPrimitives.WriteUInt16BigEndian(_greeting.AsSpan(EthernetHeader.EtherType), Echo);
            "HyperOS"u8.CopyTo(_greeting.AsSpan(EthernetHeader.Length));
            return new Frame(_greeting, null, 0, 0, 0, default);
        }
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
