#!/bin/busybox sh
# The init of a guest whose vda is a volume of the host's. The first time it fills 4 MiB of it, with their SHA-256 in front, says so once that is flushed, and
# stays, until the host's power is cut. Later it says whether it finds all that, and switches itself off.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk; do
    insmod /lib/modules/$module.ko
done

sum() { dd if=/dev/vda bs=64k skip=1 count=64 iflag=direct 2> /dev/null | sha256sum | cut -d' ' -f1; }

first=$(head -c 64 /dev/vda | tr -d '\0')
if [ -n "$first" ]; then
    if [ "$first" = "$(sum)" ]; then echo "volume: found again"; else echo "volume: LOST"; fi
    poweroff -f
fi
head -c 4194304 /dev/urandom > /data
dd if=/data of=/dev/vda bs=64k seek=1 conv=fsync 2> /dev/null
sum | dd of=/dev/vda conv=fsync 2> /dev/null
echo "volume: written"
while true; do sleep 3600; done
