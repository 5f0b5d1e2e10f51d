#!/bin/busybox sh
# The init of a guest with a balloon and a virtio console: keeps a file whose sum it knows, fills and empties its memory as it is told on hvc0, and says of
# each matter whether it is right.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_console virtio_balloon; do
    insmod /lib/modules/$module.ko
done
mkdir /data /fill
mount -t tmpfs -o size=90% tmpfs /data
mount -t tmpfs -o size=90% tmpfs /fill
head -c 16m /dev/urandom > /data/kept
sum=$(sha256sum < /data/kept)

exec < /dev/hvc0 > /dev/hvc0 2>&1
stty -echo
echo "balloon: ready"
while read word number; do
    case $word in
    fill) # takes memory that was never used, or was given back, and keeps what is written to it
        for i in $(seq $number); do
            head -c 1m /dev/urandom > /fill/$i
            sha256sum /fill/$i >> /sums
        done
        sha256sum -c /sums > /dev/null && echo "balloon: fill right" || echo "balloon: fill WRONG"
        ;;
    empty)
        sha256sum -c /sums > /dev/null && echo "balloon: still right" || echo "balloon: still WRONG"
        rm -f /fill/* /sums
        echo "balloon: empty"
        ;;
    sum)
        [ "$(sha256sum < /data/kept)" = "$sum" ] && echo "balloon: sum right" || echo "balloon: sum WRONG"
        ;;
    unload)
        rmmod virtio_balloon && echo "balloon: unloaded"
        ;;
    load)
        insmod /lib/modules/virtio_balloon.ko && echo "balloon: loaded"
        ;;
    end)
        echo "balloon: ends, $(dmesg | grep -c 'BUG\|Call Trace\|Bad page\|Out of memory') complaints"
        sleep 1
        poweroff -f
        ;;
    esac
done
