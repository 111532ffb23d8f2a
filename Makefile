# make demo    sets up and shows the agent on real databases
# make test    sets up and runs all suites; SUITE=unit|property|captures|integration|browser|cluster runs one
# make check   format, lint, types, dead code, unit tests: before every commit
# make bench   sets up and measures against tcpdump and tshark
# make image   the image for amd64 and arm64, by buildah, podman or docker, and as files in build/image
# make krew    the plugin for all platforms as krew installs it, in build/krew; PLATFORM=linux-amd64 makes one
SHELL := /bin/bash
NODE := tools/node
MODULES := build/.modules
ADDON := build/native/afpacket.node
OWN_ARCHITECTURE = $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,amd64)

.PHONY: demo test check bench image krew setup format clean

demo: setup
	@tools/install-packages.sh demo
	@$(NODE) tools/demo.ts

test: setup
	@tools/install-packages.sh test
	@$(NODE) tools/prepare-integration.ts
ifneq ($(filter cluster,$(or $(SUITE),cluster)),)
	@tools/install-packages.sh cluster
	@$(NODE) tools/image/main.ts archive $(OWN_ARCHITECTURE)
	@$(NODE) tools/krew/main.ts linux-$(OWN_ARCHITECTURE)
endif
	@$(NODE) tools/run-suites.ts $(SUITE)

check: setup
	@node_modules/.bin/biome ci --error-on-warnings
	@$(NODE) node_modules/typescript/bin/tsc --noEmit
	@$(NODE) node_modules/typescript/bin/tsc --noEmit -p collector/web
	@$(NODE) node_modules/knip/bin/knip.js
	@$(NODE) tools/run-suites.ts unit

bench: setup
	@tools/install-packages.sh test
	@$(NODE) bench/main.ts $(PART)

image: setup
	@tools/install-packages.sh image
	@$(NODE) tools/image/main.ts build

krew: setup
	@tools/install-packages.sh krew
	@$(NODE) tools/krew/main.ts $(PLATFORM)

setup: $(MODULES) $(ADDON)

format:
	@node_modules/.bin/biome check --write

clean:
	rm -rf build node_modules

# `npm ci` refuses a lock file without the packages of other platforms that a registry mirror lacks.
$(MODULES): package.json package-lock.json
	@tools/install-packages.sh build
	npm install --no-save --ignore-scripts --no-progress --loglevel=error
	@mkdir -p build && touch $(MODULES)

$(ADDON): agent/capture/native/afpacket.c $(MODULES)
	@tools/build-native.sh
