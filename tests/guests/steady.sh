#!/bin/busybox sh
# The init of a guest that works for as long as it runs: it sums up and copies files again and again and says how often that came out right.
# What it must come to, the SHA-256 of busybox, is the kernel's option steady=. A line on the console ends it.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev

work() {
    rounds=0
    while :; do
        cp /bin/busybox /copy
        sum=$(sha256sum /copy | cut -d' ' -f1)
        [ "$sum" = "$steady" ] || echo "steady: WRONG: $sum instead of $steady"
        cmp /bin/busybox /copy || echo "steady: WRONG: the copy differs"
        [ $((rounds * 7919 % 1000003 + rounds)) = $(awk "BEGIN { print $rounds * 7919 % 1000003 + $rounds }") ] || echo "steady: WRONG: arithmetic"
        rounds=$((rounds + 1))
        echo "steady: $rounds rounds right"
    done
}

work &
read line
kill $!
echo "steady: ends, $(dmesg | grep -c 'BUG\|Call Trace\|soft lockup') complaints"
poweroff -f
