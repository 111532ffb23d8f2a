# make demo    sets up and shows the agent on real databases
# make test    sets up and runs all suites; SUITE=unit|property|captures|integration runs one
# make check   format, lint, types, dead code, unit tests: before every commit
# make bench   sets up and measures against tcpdump and tshark
SHELL := /bin/bash
NODE := tools/node
MODULES := build/.modules
ADDON := build/native/afpacket.node

.PHONY: demo test check bench setup format clean

demo: setup
	@tools/install-packages.sh demo
	@$(NODE) tools/demo.ts

test: setup
	@tools/install-packages.sh test
	@$(NODE) tools/prepare-integration.ts
	@$(NODE) tools/run-suites.ts $(SUITE)

check: setup
	@node_modules/.bin/biome ci --error-on-warnings
	@$(NODE) node_modules/typescript/bin/tsc --noEmit
	@$(NODE) node_modules/knip/bin/knip.js
	@$(NODE) tools/run-suites.ts unit

bench: setup
	@tools/install-packages.sh test
	@$(NODE) bench/main.ts $(PART)

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
