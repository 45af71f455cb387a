#!/bin/sh
# Installs Debian packages that are missing: each argument is WHAT:PACKAGE, where WHAT is a program on PATH, NAME.pc for
# pkg-config, or NAME.py for a Python module. Says nothing when all are there.
set -eu

have() {
    case "$1" in
        *.pc) pkg-config --exists "${1%.pc}" 2>/dev/null ;;
        *.py) python3 -c "import ${1%.py}" 2>/dev/null ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=
for pair in "$@"; do
    have "${pair%%:*}" || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "These are missing, and this is no Debian system:$missing. README.md says what they are called elsewhere." >&2
    exit 1
fi
sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
echo "Installing:$missing"
$sudo apt-get update -qq
# shellcheck disable=SC2086 # the package names are words of their own
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
