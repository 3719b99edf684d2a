# Bucket Brigade. `make` or `make help` lists what there is.
#
# Everything is made inside this folder: target/, .venv/ (the AWS emulators), .dev/ (logs and
# configurations of what runs here), .tools/ and, by the fuzzer, inside fuzz/. `make clean` removes all of it.

SHELL := /bin/bash
PYTHON ?= python3
DENY_VERSION := 0.20.2
FUZZ_VERSION := 0.13.2
TARGET ?= event
SECONDS ?= 60

.DEFAULT_GOAL := help

# List the targets
help:
	@awk '/^# / { why = substr($$0, 3); next } /^[a-z-]+:/ { split($$1, name, ":"); if (why) printf "  make %-10s %s\n", name[1], why } { why = "" }' $(MAKEFILE_LIST)

# Build the daemon for production: target/release/brigade
build:
	cargo build --locked --release

# Run all tests: Rust's, then the binary against AWS emulators
test: test-rust test-live

# Run Rust's tests: units, and the whole daemon on an AWS in memory
test-rust:
	cargo test --locked

# Run the binary against AWS emulators; ARGS are pytest's, e.g. ARGS="-k crawler"
test-live:
	$(PYTHON) tests/live/run.py $(ARGS)

# Run SEEDS simulations (100000) on all cores: every promise holds, or the seed that broke one is printed
soak:
	SEEDS=$(or $(SEEDS),100000) FIRST=$(or $(FIRST),0) cargo test --locked --profile soak --test it seeds::every_seed -- --nocapture

# Run one simulation again, SEED=…; a failing one is cut down and printed in full
seed:
	SEED=$(or $(SEED),0) RUST_BACKTRACE=0 cargo test --locked --test it seeds::every_seed -- --nocapture

# Take out each safeguard in turn: a seed or a test must notice; ARGS are words of their names
safeguards:
	$(PYTHON) tests/safeguards/run.py $(ARGS)

# Measure what copies cost (docs/performance.md); ARGS are cases and --runs. s5cmd and rclone beside it, if in PATH
bench: build
	cargo run --locked --release --example bench -- $(ARGS)

# Ask a real AWS account what the tests assume of it (docs/internals/verified.md). Only with AWS_SMOKE=yes; costs cents
aws-smoke:
	@$(PYTHON) tests/smoke/run.py $(ARGS)

# Throw odd input at what reads it, TARGET=event, config or template for SECONDS=60; needs nightly
fuzz: nightly .tools/bin/cargo-fuzz
	mkdir -p fuzz/corpus/$(TARGET)
	RUSTUP_TOOLCHAIN=nightly .tools/bin/cargo-fuzz run --sanitizer none $(TARGET) fuzz/corpus/$(TARGET) \
		fuzz/seeds/$(TARGET) $(wildcard src/$(TARGET)/samples) -- -max_total_time=$(SECONDS) -timeout=10 -max_len=8192

nightly:
	@rustup run nightly rustc --version >/dev/null 2>&1 || \
		{ echo "fuzzing needs a nightly toolchain: rustup toolchain install nightly --profile minimal" >&2; exit 1; }

.tools/bin/cargo-fuzz:
	cargo install cargo-fuzz --locked --version $(FUZZ_VERSION) --root .tools

# See it work: an object's whole way on an AWS emulator, ends by itself
demo:
	@$(PYTHON) demo/demo.py

# Play with it: the same AWS emulator and daemon stay up until Ctrl-C
dev:
	@$(PYTHON) demo/demo.py --stay

# Check format, lints and unit tests: under two minutes after the first build
quick: fmt-check lint
	cargo test --locked --lib

# Write the generated pages anew: docs/configuration.md, docs/metrics.md, docs/cli.md
docs:
	UPDATE_DOCS=1 cargo test --locked --lib docs::

# Check format and lints, as CI does
check: fmt-check lint

# Format the Rust code
fmt:
	cargo fmt

# Tell what `make fmt` would change
fmt-check:
	cargo fmt --check

# Run clippy on everything, and follow the links in doc comments; a warning is an error
lint:
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D rustdoc::broken_intra_doc_links" cargo doc --locked --no-deps --document-private-items

# Check the dependencies: advisories, licences, sources. Builds cargo-deny into .tools (10 min)
deny: .tools/bin/cargo-deny
	.tools/bin/cargo-deny --locked check

.tools/bin/cargo-deny:
	cargo install cargo-deny --locked --version $(DENY_VERSION) --root .tools

# Remove everything that was made here
clean:
	cargo clean
	rm -rf .venv .dev .tools fuzz/target fuzz/corpus fuzz/artifacts
	find demo tests -name __pycache__ -prune -exec rm -r {} +

.PHONY: help quick docs build test test-rust test-live bench soak seed safeguards fuzz nightly aws-smoke demo dev check fmt fmt-check lint deny clean
