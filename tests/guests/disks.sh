#!/bin/busybox sh
# The init of a guest that tries its disks and says of each matter whether it is right: vda is empty; vdb and vdc, read-only, have the same image,
# whose length and SHA-256 are the kernel's options; vdd is larger than what the host has. It restarts once, and finds what it left.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk; do
    insmod /lib/modules/$module.ko
done

check() {
    name=$1
    shift
    if "$@"; then echo "disks: $name right"; else echo "disks: $name WRONG"; fi
}
refuses() { ! "$@" 2> /dev/null; }
is() { [ "$1" = "$2" ]; }
has_image() { is "$(head -c $imagelength $1 | sha256sum | cut -d' ' -f1)" $imagesha256; }
is_zero() { is "$(dd if=$1 bs=64k count=$2 iflag=direct 2> /dev/null | tr -d '\0' | wc -c)" 0; }
first() { is "$(head -c 5 $1)" "$2"; }

# Blocks of a size, at an odd place, past the guest's cache: what is read is what was written, and what lies around it stays.
blocks() {
    dd if=/dev/vda of=/before bs=$1 count=9 iflag=direct 2> /dev/null
    dd if=/dev/urandom of=/data bs=$1 count=$2 2> /dev/null
    dd if=/data of=/dev/vda bs=$1 seek=3 oflag=direct 2> /dev/null
    dd if=/data of=/before bs=$1 seek=3 conv=notrunc 2> /dev/null
    dd if=/dev/vda of=/after bs=$1 count=9 iflag=direct 2> /dev/null
    cmp /before /after
}

# A filesystem on vda that keeps busybox.
filesystem() {
    mount /dev/vda /mnt && cmp /bin/busybox /mnt/busybox && umount /mnt
}

mkdir -p /mnt
if first /dev/vdb again; then
    check "filesystem after the restart" filesystem
    check "image after the restart" has_image /dev/vdc
    blkdiscard /dev/vda
    blkdiscard /dev/vdb
    check "discarded disks" is_zero /dev/vda 256
    echo "disks: ends, $(dmesg | grep -c 'BUG\|Call Trace\|vd[abc].*error') complaints"
    poweroff -f
fi

check names is "$(cat /sys/block/vda/serial) $(cat /sys/block/vdb/serial) $(cat /sys/block/vdc/serial)" "root data cd"
check sizes is "$(cat /sys/block/vda/size) $(cat /sys/block/vdb/size) $(cat /sys/block/vdc/size)" "131072 32768 $(((imagelength + 511) / 512))"
check queues is "$(ls /sys/block/vda/mq | wc -l)" "$(nproc)"
check "image, to be read and written," has_image /dev/vdb
check "image, read-only," has_image /dev/vdc
check "empty disk" is_zero /dev/vda 1024
check "refusal to write" refuses dd if=/dev/zero of=/dev/vdc count=1 oflag=direct
for size in 512 1024 1536 4096 4608 7680 65536 130560 524800 1048576; do
    check "blocks of $size" blocks $size 1
    check "odd blocks of $size" blocks $size 5
done
check "image beside it" has_image /dev/vdb
head -c $imagelength /dev/vdb > /image
dd if=/dev/urandom of=/data bs=512 count=3 2> /dev/null
dd if=/data of=/dev/vdb bs=512 seek=1001 oflag=direct 2> /dev/null
dd if=/data of=/image bs=512 seek=1001 conv=notrunc 2> /dev/null
dd if=/dev/vdb bs=64k count=128 iflag=direct 2> /dev/null | head -c $imagelength > /data
check "change within an image" cmp /image /data
check "image of the other disk" has_image /dev/vdc
blkdiscard /dev/vdb
check "discarded image" is_zero /dev/vdb 256
refuses dd if=/dev/zero of=/dev/vdd bs=1M oflag=direct
check "lack of memory" is $? 0
blkdiscard /dev/vdd
check "memory after discarding" dd if=/dev/zero of=/dev/vdd bs=1M count=32 oflag=direct
blkdiscard /dev/vdd
dd if=/dev/urandom of=/dev/vda bs=1M seek=8 count=40 2> /dev/null
mke2fs /dev/vda > /dev/null
mount /dev/vda /mnt && cp /bin/busybox /mnt && umount /mnt
check filesystem filesystem
printf again | dd of=/dev/vdb conv=sync 2> /dev/null
sync
reboot -f
