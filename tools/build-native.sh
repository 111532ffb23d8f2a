#!/bin/sh
# Builds build/native/afpacket.node, the packet capture of Linux, with the C compiler alone: one file against Node-API
# needs no build system. Does nothing where it is up to date or the platform has no AF_PACKET. Usage:
#   [CC=compiler] tools/build-native.sh [TARGET]
# A cross compiler in CC builds for another architecture; TARGET is then a file of its own.
set -eu
cd "$(dirname "$0")/.."

source=agent/capture/native/afpacket.c
target=${1:-build/native/afpacket.node}
compiler=${CC:-cc}

if [ "$(uname -s)" != Linux ]; then
  echo "build-native: AF_PACKET exists on Linux only; tcpdump is used here" >&2
  exit 0
fi

stamp="$("$compiler" -dumpmachine) $(cat "$source" tools/build-native.sh | sha256sum | cut -d' ' -f1)"
if [ -f "$target" ] && [ "$(cat "$target.stamp" 2>/dev/null)" = "$stamp" ]; then
  exit 0
fi

# Node-API is the same in every Node, so any headers will do: the pinned package's, or those beside the node on the path.
headers=
for candidate in node_modules/node-linux-*/include/node "$(dirname "$(dirname "$(command -v node || echo /usr/bin/node)")")/include/node" /usr/include/node; do
  if [ -f "$candidate/node_api.h" ]; then
    headers=$candidate
    break
  fi
done
if [ -z "$headers" ]; then
  echo "build-native: node_api.h not found; run npm ci first" >&2
  exit 1
fi

mkdir -p "$(dirname "$target")"
# The new file replaces the old one whole: a running agent keeps the one it has mapped.
"$compiler" -std=gnu11 -O2 -Wall -Wextra -fPIC -shared -I"$headers" -o "$target.new" "$source"
mv "$target.new" "$target"
echo "$stamp" >"$target.stamp"
