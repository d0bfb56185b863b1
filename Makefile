# All commands run from the root of the repository; `make help` lists them.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
# The machine's certificate authorities count for the pinned Node as well, such as that of a company's proxy.
export NODE_USE_SYSTEM_CA := 1

id := $(shell sed -n 's/^ *"id": "\(.*\)",$$/\1/p' plugin.json | head -n 1)
version := $(shell sed -n 's/^ *"version": "\(.*\)",$$/\1/p' package.json | head -n 1)
arch := $(subst aarch64,arm64,$(subst x86_64,amd64,$(shell uname -m)))

bundle := dist/$(id)-$(version).tar.gz
host_bundle := dist/$(id)-$(version)-linux-$(arch).tar.gz
sources := $(shell find server lib api panels tools webapp/src build assets -type f ! -name '*.test.*' ! -name '*.md') \
  plugin.json package.json package-lock.json NOTICE LICENSE

# Package and what of it must be there. The cross packages bring the libraries of the other platform.
test_packages := chromium:chromium fonts-liberation:/usr/share/fonts/truetype/liberation \
  prometheus:promtool jq:jq $(if $(filter amd64,$(arch)),qemu-user-static:/usr/bin/qemu-aarch64-static)
dist_packages := binutils:strip patchelf:patchelf
cross_packages := binutils-aarch64-linux-gnu:aarch64-linux-gnu-strip \
  libstdc++6-arm64-cross:/usr/aarch64-linux-gnu/lib/libstdc++.so.6 \
  libgcc-s1-arm64-cross:/usr/aarch64-linux-gnu/lib/libgcc_s.so.1 \
  libatomic1-arm64-cross:/usr/aarch64-linux-gnu/lib/libatomic.so.1 \
  libatomic1:/usr/lib/x86_64-linux-gnu/libatomic.so.1
bench_packages := prometheus:prometheus prometheus-node-exporter:prometheus-node-exporter
conformance_packages := $(bench_packages) libarchive-tools:bsdtar python3:python3 \
  postgresql-15:/usr/lib/postgresql/15/bin/postgres mariadb-server-core:mariadbd mariadb-client-core:mariadb

.PHONY: help test conformance real-server dist demo bench deploy soak clean

help: ## lists the commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

# CI starts the executable of the other platform too, under emulation.
test: node_modules/.package-lock.json $(if $(filter true,$(CI)),$(bundle),$(host_bundle)) ## format, types, lint, structure, unused code, unit, integration and browser tests
	@build/debian-packages.sh $(test_packages)
	@node build/check.ts

conformance: node_modules/.package-lock.json $(host_bundle) ## the bundle under Mattermost's own plugin supervisor, its dump in a real Prometheus; needs Go
	@build/debian-packages.sh $(conformance_packages)
	@node test/conformance/run.ts $(host_bundle)

real-server: node_modules/.package-lock.json $(host_bundle) ## the bundle in Mattermost's Team Edition, built from its Go module; needs Go, minutes the first time
	@build/debian-packages.sh $(conformance_packages)
	@node test/real-server/run.ts $(host_bundle)

dist: $(bundle) ## the bundle for both platforms and one for each, in dist/

demo: node_modules/.package-lock.json $(host_bundle) ## a Mattermost stand-in with the plugin, targets and a page; NODES=3 a cluster; ONCE=1 makes one dump and ends
	@node test/host/demo.ts

bench: node_modules/.package-lock.json $(bundle) ## measures, into dist/bench.json
	@build/debian-packages.sh $(bench_packages)
	@node build/bench.ts

deploy: $(host_bundle) ## uploads the bundle to a running server and enables it
	@node build/deploy.ts $(host_bundle)

soak: node_modules/.package-lock.json $(host_bundle) ## the long runs at their full numbers; those of a cluster need Go
	@build/debian-packages.sh $(test_packages) $(conformance_packages)
	@SOAK=1 npm run -s test -- soak
	@SOAK=1 node test/conformance/soak.ts $(host_bundle)

clean: ## removes what was built; downloads and node_modules stay
	rm -rf dist .cache/eslint .cache/tsc coverage

# Not `npm ci`: it refuses a lock file that lacks optional packages of platforms we do not build on.
# Like it, this takes the locked versions, checks their integrity and leaves the lock file alone.
# Errors only: npm warns that packages want a newer Node than the machine's, but the pinned one runs them.
node_modules/.package-lock.json: package-lock.json
	npm install --no-save --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

$(host_bundle): node_modules/.package-lock.json $(sources)
	@build/debian-packages.sh $(dist_packages)
	@node build/dist.ts --platform linux-$(arch)

$(bundle): node_modules/.package-lock.json $(sources)
	@build/debian-packages.sh $(dist_packages) $(cross_packages)
	@node build/dist.ts
