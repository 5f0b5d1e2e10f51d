#!/bin/busybox sh
# The init of a guest that shuts down when its power button is pressed, as a full system would, unless the kernel's option deaf=1 is given; and that
# looks at its own time meanwhile: no tick of it may be missing or be too long.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in button evdev; do
    insmod /lib/modules/$module.ko
done

# Uptime in hundredths of a second.
uptime() { read now rest < /proc/uptime; echo ${now%.*}${now#*.}; }

# A pause must not be seen as time that has passed, nor as a processor that hangs.
watch() {
    last=$(uptime)
    while :; do
        sleep 0.2
        now=$(uptime)
        [ $now -ge $last ] || echo "power: WRONG: time went back"
        [ $((now - last)) -lt 1500 ] || echo "power: WRONG: $((now - last)) hundredths at once"
        last=$now
        [ "$(dmesg | grep -c 'soft lockup\|rcu.*stall\|Marking clocksource\|BUG')" = 0 ] || echo "power: WRONG: $(dmesg | tail -n 3)"
    done
}

# Work for every processor: what it adds up is seen to go on.
work() {
    rounds=0
    while :; do
        rounds=$((rounds + 1))
        [ $((rounds % 20000)) != 0 ] || echo "power: $1 works, uptime $(uptime)"
    done
}

watch &
for i in $(seq $(nproc)); do work $i & done
exec 3< /dev/input/event0
echo "power: ready with $(nproc) processors"
if [ "$deaf" = 1 ]; then
    while :; do sleep 1000; done
fi
# The event of the button: 24 bytes on 64-bit systems.
head -c 24 <&3 > /dev/null
echo "power: button pressed, $(dmesg | grep -c 'soft lockup\|rcu.*stall\|BUG') complaints"
poweroff -f
