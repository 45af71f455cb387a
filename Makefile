# The two commands that README.md names, and what they stand on. Debian and Ubuntu packages are installed when they are
# missing, as root or through sudo; README.md says which they are for other systems.

.DEFAULT_GOAL := demo
.PHONY: demo test build lint unit peers bench install-build install-test install-peers install-yubikeys install-browser

CARGO ?= cargo
OUT ?= $(shell mktemp -u -d $${TMPDIR:-/tmp}/officiant-demo.XXXXXX)
OFFICIANT := target/debug/officiant

# A whole ceremony on virtual devices, and its replay.
demo: build
	@out="$(OUT)" && $(OFFICIANT) rehearse runbooks/psf-tuf/ceremony.yaml --out "$$out" && echo && $(OFFICIANT) replay "$$out" \
		&& echo && echo "The record is in $$out: transcript.jsonl, products/, runbook/."

build: install-build
	$(CARGO) build --locked

# Everything that CI checks.
test: install-build install-test install-yubikeys install-browser peers lint unit

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) check --locked --manifest-path fuzz/Cargo.toml --target-dir target/fuzz
	@if command -v cargo-deny >/dev/null 2>&1; then $(CARGO) deny --offline check bans licenses sources; \
		else echo 'cargo-deny is not installed: deny.toml is not checked'; fi

unit:
	$(CARGO) test --locked --workspace

# The clients that we did not write.
peers: install-peers .tools/peers/stamp

.tools/peers/stamp: tests/peers/requirements.txt
	rm -rf .tools/peers
	python3 -m venv .tools/peers
	.tools/peers/bin/pip install --quiet --disable-pip-version-check -r tests/peers/requirements.txt
	touch $@

bench: install-build
	$(CARGO) bench --locked

install-build:
	@tests/install.sh cc:build-essential pkg-config:pkg-config libusb-1.0.pc:libusb-1.0-0-dev libpcsclite.pc:libpcsclite-dev

install-test:
	@tests/install.sh openssl:openssl ssh-keygen:openssh-client git:git python3:python3 ensurepip.py:python3-venv

# What pyscard is built with, which ykman stands on.
install-peers:
	@tests/install.sh cc:build-essential swig:swig libpcsclite.pc:libpcsclite-dev python3:python3 ensurepip.py:python3-venv \
		Python.h:python3-dev

# The virtual card readers, which rehearsals of YubiKeys need too, and the clients of cards.
install-yubikeys:
	@tests/install.sh pcscd:pcscd /usr/lib/pcsc/drivers/serial/libifdvpcd.so:vsmartcard-vpcd setpriv:util-linux \
		yubico-piv-tool:yubico-piv-tool libykcs11.so.2:ykcs11 opensc-tool:opensc

# Some systems have it under another name, or not at all: outside CI the report is then not measured in a browser.
install-browser:
	@tests/install.sh chromium:chromium || echo 'There is no Chromium: the report is not measured in a browser.'
