# Copyright (C) 2026 the rtmpr contributors
# SPDX-License-Identifier: MPL-2.0

CARGO ?= cargo
TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
BUILD_DIR := build

# Through the environment, so that no character of a URL means anything to make or the shell.
export PLAY_LOCATION := $(value LOCATION)
export PLAY_SECONDS := $(value SECONDS)
export PUBLISH_FILE := $(value FILE)
export FUZZ_TARGET := $(value TARGET)
export FUZZ_SECONDS := $(value SECONDS_EACH)
export SOAK_MINUTES := $(value MINUTES)
export SOAK_EVERY := $(value EVERY)
export SOAK_SEED := $(value SEED)

# Servers' programs are here, which is not in everybody's PATH.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

.PHONY: help play publish test faults fuzz bench soak check fmt clippy doc deny install clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

play: ## play a stream: LOCATION=rtmp://… (default: from a server of its own), SECONDS=… to stop after
	scripts/install-deps.sh play
	$(CARGO) build --locked --release --lib --example origin --example play_demo
	$(TARGET_DIR)/release/examples/play_demo \
		$${PLAY_LOCATION:+--location "$$PLAY_LOCATION"} $${PLAY_SECONDS:+--seconds "$$PLAY_SECONDS"}

publish: ## send a file in real time: FILE=… LOCATION=rtmp://…
	scripts/install-deps.sh play
	$(CARGO) run --locked --release --example publish -- "$$PUBLISH_FILE" "$$PLAY_LOCATION"

test: ## run all tests, those against other servers included
	scripts/install-deps.sh test
	env G_DEBUG=fatal-warnings $(CARGO) test --locked

faults: ## print what a pipeline gets when a server fails; takes a minute longer than the tests
	scripts/install-deps.sh test
	env G_DEBUG=fatal-warnings $(CARGO) test --locked --test interop -- --nocapture faults::
	env G_DEBUG=fatal-warnings $(CARGO) test --locked --test blocked -- --include-ignored --nocapture

fuzz: ## fuzz the protocol core: TARGET=… (default: all), SECONDS_EACH=… (needs nightly and cargo-fuzz)
	scripts/install-deps.sh build
	scripts/fuzz.sh $${FUZZ_SECONDS:+--seconds "$$FUZZ_SECONDS"} $${FUZZ_TARGET:+"$$FUZZ_TARGET"}

bench: ## compare with the other RTMP sources and sinks of GStreamer
	scripts/install-deps.sh bench
	$(CARGO) bench --locked --bench side_by_side
	$(CARGO) bench --locked --bench publish
	$(CARGO) bench --locked --bench glass_to_glass
	$(CARGO) bench --locked --bench round_trips

soak: ## publish and play while the server and both lines fail: MINUTES=… (30), EVERY=… seconds (20), SEED=…
	scripts/install-deps.sh test
	$(CARGO) run --locked --release --example soak -- \
		"$${SOAK_MINUTES:-30}" "$${SOAK_EVERY:-20}" "$${SOAK_SEED:-1}"

check: fmt clippy doc ## check format, lints and documentation

fmt: ## check the format
	$(CARGO) fmt --check
	$(CARGO) fmt --check --manifest-path fuzz/Cargo.toml

clippy: ## check the lints
	$(CARGO) clippy --locked --all-targets -- -D warnings

doc: ## build the documentation
	env RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps --locked

deny: ## check licences, sources and known flaws of the crates (needs cargo-deny)
	scripts/check-dependencies.sh

install: ## install with meson: PREFIX=… (default: GStreamer's), DESTDIR=…
	scripts/install-deps.sh install
	meson setup $(BUILD_DIR) $(if $(wildcard $(BUILD_DIR)/build.ninja),--reconfigure) \
		--prefix "$${PREFIX:-$$(pkg-config --variable=prefix gstreamer-1.0)}" \
		--buildtype release -Dcargo_target_dir=$(TARGET_DIR)
	ninja -C $(BUILD_DIR)
	meson install -C $(BUILD_DIR) --no-rebuild

clean: ## remove what was built
	$(CARGO) clean
	rm -rf $(BUILD_DIR) play-output fuzz/target fuzz/new
