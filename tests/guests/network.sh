#!/bin/busybox sh
# Linux on a network: address=A is its eth0's, peer=B another's, and role= says what it does with them. What is typed ends it.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net; do
    insmod /lib/modules/$module.ko
done
for word in $(cat /proc/cmdline); do
    case $word in address=*|peer=*|role=*) eval "$word" ;; esac
done
ip link set lo up
ip link set eth0 up
ip address add "$address/24" dev eth0
count() { cat /sys/class/net/eth0/statistics/$1; }
reach() { ping -c 1 -W 2 "$peer" > /dev/null; }
tell() { if reach; then echo "$1: answered"; else echo "$1: unanswered"; fi; }
echo "up with $(cat /sys/class/net/eth0/address), $(ls -d /sys/class/net/eth0/queues/rx-* | wc -l) queue pair(s)"

case $role in
server)
    mkdir /www
    cat /bin/busybox /bin/busybox /bin/busybox /bin/busybox > /www/file
    httpd -h /www
    echo "serves $(sha256sum < /www/file)"
    ;;
client)
    until reach; do :; done
    echo "reached $peer"
    until wget -q -O file "http://$peer/file"; do sleep 1; done
    echo "fetched $(sha256sum < file)"
    for round in 1 2 3 4 5 6 7 8; do wget -q -O - "http://$peer/file" | sha256sum; done | uniq | { read -r sum; read -r other; echo "again $sum$other"; }
    ;;
forger)
    until reach; do :; done
    own=$(cat /sys/class/net/eth0/address)
    ip link set eth0 address 02:00:00:00:00:66
    tell changed
    ip link set eth0 address "$own"
    tell restored
    ip link add link eth0 name forged type macvlan mode bridge 2> /dev/null || ip link add link eth0 name forged type macvlan
    ip link set forged address 02:00:00:00:00:67
    ip link set forged up
    ip address flush dev eth0
    ip address add "$address/24" dev forged
    tell forged
    ;;
flood)
    until reach; do :; done
    echo flooding
    while :; do
        before=$(date +%s)
        ping -c 200 -A -q "$peer" | grep received
    done &
    ;;
esac
(while :; do sleep 1; echo "heard $(count rx_packets) sent $(count tx_packets)"; done) &
read -r word
poweroff -f
