#!/bin/busybox sh
# Linux on a network: address= is its eth0's, which it asks for with ip=dhcp, peer= another guest's, neighbour= a third one's, outside= a server's with
# its port; role= says what it does there. Every second it says how many frames it has heard. A line on the console ends it.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net; do
    insmod /lib/modules/$module.ko
done
for word in $(cat /proc/cmdline); do
    case $word in
    address=* | ip=* | peer=* | neighbour=* | outside=* | role=*) eval "$word" ;;
    esac
done
own=$(cat /sys/class/net/eth0/address)
ip link set lo up
ip link set eth0 up
[ -z "$address" ] || ip address add "$address/24" dev eth0
if [ "$ip" = dhcp ]; then
    udhcpc -q -n -t 60 -T 1 -s /bin/lease > /dev/null 2>&1
    echo "leased $(cat /tmp/lease)"
fi
echo "up as $own with $(ls -d /sys/class/net/eth0/queues/rx-* | wc -l) queue pair(s)"

reach() { ping -c 1 -W 2 "$peer" > /dev/null; }
tell() {
    if reach; then echo "$1: answered"; else echo "$1: unanswered"; fi
    sleep 3
}
# Pings a guest as fast as it answers, for as long as it does.
flood() {
    until ping -c 1 -W 2 "$1" > /dev/null; do :; done
    while :; do
        ping -A -c 500 -W 20 -q "$1" | awk -v to="$1" '/transmitted/ { print to ": " ($1 == $4 ? "all " $1 " answered" : "LOST " $1 - $4) }'
    done
}

case $role in
server)
    mkdir /www
    for part in 1 2 3 4; do cat /bin/busybox; done > /www/file
    echo "serves $(sha256sum < /www/file)"
    httpd -h /www
    ;;
client)
    until reach; do :; done
    echo "reached $peer"
    until wget -q -O file "http://$peer/file"; do sleep 1; done
    echo "fetched $(sha256sum < file)"
    for part in 1 2 3; do wget -q -O - "http://$peer/file" | sha256sum & done
    wait
    echo "fetched all"
    ;;
mirror)
    mkdir /www
    { echo "$own"; cat /bin/busybox; } > /www/file
    echo "serves $(sha256sum < /www/file)"
    httpd -h /www
    for part in 1 2 3; do
        until wget -q -O file "http://$peer/file"; do sleep 1; done
        echo "fetched $(sha256sum < file)"
    done
    echo "fetched all"
    ;;
caller)
    for part in 1 2 3 4 5 6 7 8; do wget -q -O "file$part" "http://$outside/$part" & done
    wait
    for part in 1 2 3 4 5 6 7 8; do
        echo "fetched $part: $(sha256sum < "file$part")"
        echo "sent $part: $({ echo SUM; cat "file$part"; } | nc "${outside%:*}" "${outside#*:}")"
    done
    while :; do
        if timeout 5 wget -q -O /dev/null "http://$outside/1"; then echo "outside answers"; else echo "outside is silent"; fi
        sleep 1
    done &
    ;;
shouter)
    ping -q -i 0.005 -s 1400 10.0.0.255 > /dev/null &
    ;;
flooder)
    # To the peer, but not to its address: it hears all and answers nothing. A line begins it. A ping ends when its socket is full.
    until reach; do :; done
    arp -s 10.0.0.99 "$(awk -v ip="$peer" '$1 == ip { print $4 }' /proc/net/arp)"
    echo "floods when told"
    read -r word
    for part in 1 2 3 4; do while :; do ping -q -i 0.001 -s 8000 10.0.0.99; done > /dev/null 2>&1 & done
    ;;
changer)
    until reach; do :; done
    sleep 10 # until both have asked again for what they know of each other
    echo "changes its address"
    sleep 3
    ip link set eth0 address 02:00:00:00:00:66
    tell changed
    ip link set eth0 address "$own"
    tell restored
    ;;
watcher)
    ip link set eth0 promisc on
    ;;
sender)
    flood "$peer" &
    [ -z "$neighbour" ] || flood "$neighbour" &
    ;;
esac
while :; do
    sleep 1
    echo "heard $(cat /sys/class/net/eth0/statistics/rx_packets)"
done &
read -r word
poweroff -f
