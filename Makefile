# make demo    build Holdfast and start it with two demo companies
# make test    every test: Rust, browser, SDKs
# make check   formatting and lints

export PATH := $(PATH):$(HOME)/.cargo/bin

CARGO ?= cargo
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)

.PHONY: help demo test check
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# make /make /p' Makefile

demo:
	@scripts/ensure rust postgres
	@echo 'Building Holdfast (some minutes the first time) ...'
	@$(CARGO) build --locked --bin holdfast --profile demo
	@exec $(TARGET)/demo/holdfast demo

test:
	@scripts/ensure rust postgres
	@! command -v node >/dev/null 2>&1 || scripts/ensure chromium
	@! command -v python3 >/dev/null 2>&1 || scripts/ensure venv
	@$(CARGO) build --locked
	@$(TARGET)/debug/holdfast with-pg -- scripts/test

check:
	@$(CARGO) fmt --check
	@$(CARGO) clippy --locked --all-targets -- -D warnings
