#!/bin/sh
# Installs what a group of this project's commands needs and this machine lacks, with apt. Usage:
#   tools/install-packages.sh build|demo|test|cluster|image|krew...
# Nothing is asked, no service is started, and where all is there nothing is run.
set -eu

# Each word is PROBE=PACKAGE: a command or a path that is there once the package is.
BUILD='gcc=gcc make=make python3=python3 /usr/include/stdio.h=libc6-dev'
DEMO='mariadbd=mariadb-server mariadb=mariadb-client /usr/lib/postgresql=postgresql psql=postgresql-client
      redis-server=redis-server redis-cli=redis-tools'
TEST="$DEMO nft=nftables ip=iproute2 kcat=kcat tcpdump=tcpdump tshark=tshark promtool=prometheus prometheus-alertmanager=prometheus-alertmanager unzip=unzip xz=xz-utils python3=python3
      sysbench=sysbench rsyslogd=rsyslog /usr/share/doc/rsyslog-gnutls=rsyslog-gnutls java=default-jre-headless openssl=openssl nginx=nginx-light
      chromium=chromium /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc=fonts-noto-cjk"
# What a Kubernetes node runs; the servers and clients of the tests' images come from DEMO.
CLUSTER="$DEMO containerd=containerd runc=runc /usr/lib/cni/bridge=containernetworking-plugins iptables=iptables nft=nftables
      conntrack=conntrack /usr/share/doc/busybox-static=busybox-static ip=iproute2 nsenter=util-linux mount=mount openssl=openssl
      curl=curl unzip=unzip /etc/ssl/certs/ca-certificates.crt=ca-certificates /usr/share/fonts/truetype/wqy/wqy-microhei.ttc=fonts-wqy-microhei"
# The image for arm64 is made of the cross compiler's libraries.
case $(uname -m) in
  aarch64) IMAGE='/usr/share/fonts/truetype/wqy/wqy-microhei.ttc=fonts-wqy-microhei llvm-strip=llvm readelf=binutils x86_64-linux-gnu-gcc=gcc-x86-64-linux-gnu /usr/x86_64-linux-gnu/include/stdio.h=libc6-dev-amd64-cross' ;;
  *) IMAGE='/usr/share/fonts/truetype/wqy/wqy-microhei.ttc=fonts-wqy-microhei llvm-strip=llvm readelf=binutils aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu /usr/aarch64-linux-gnu/include/stdio.h=libc6-dev-arm64-cross' ;;
esac
KREW='llvm-strip=llvm osslsigncode=osslsigncode zip=zip curl=curl unzip=unzip'

# Debian keeps servers where users' PATH does not lead.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

wanted=
for group in "$@"; do
  case $group in
    build) wanted="$wanted $BUILD" ;;
    demo) wanted="$wanted $DEMO" ;;
    test) wanted="$wanted $TEST" ;;
    cluster) wanted="$wanted $CLUSTER" ;;
    image) wanted="$wanted $IMAGE" ;;
    krew) wanted="$wanted $KREW" ;;
    *)
      echo "there is no group $group; the groups are build, demo, test, cluster, image and krew" >&2
      exit 2
      ;;
  esac
done

missing=
for word in $wanted; do
  probe=${word%%=*}
  package=${word#*=}
  case $probe in
    /*) [ -e "$probe" ] && continue ;;
    *) command -v "$probe" >/dev/null 2>&1 && continue ;;
  esac
  case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
done
# Debian splits venv's pip off; elsewhere it comes with Python.
case " $* " in
  *' test '*) python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv" ;;
esac
missing=${missing# }
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "missing, and there is no apt-get here: install what Debian calls $missing" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "missing: run this as root, or install: apt-get install $missing" >&2
  exit 1
fi

# invoke-rc.d asks this program before it starts a service; 101 means no. https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
POLICY=/usr/sbin/policy-rc.d
SAVED=$POLICY.before-dbaudit
restore() {
  rm -f "$POLICY"
  [ ! -e "$SAVED" ] || mv "$SAVED" "$POLICY"
}
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
[ ! -e "$POLICY" ] || mv "$POLICY" "$SAVED"
printf '#!/bin/sh\nexit 101\n' >"$POLICY"
chmod 755 "$POLICY"

echo "installing: $missing" >&2
log=$(mktemp)
install() {
  # shellcheck disable=SC2086 # package names, to be split
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >"$log" 2>&1
}
# The package lists of a fresh machine are empty or old.
if ! install; then
  apt-get update -q >"$log" 2>&1 && install || {
    tail -n 20 "$log" >&2
    rm -f "$log"
    exit 1
  }
fi
rm -f "$log"
