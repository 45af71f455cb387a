#!/bin/sh
# Installs Debian packages that are missing: each argument is WHAT:PACKAGE, where WHAT is a program, NAME.pc for pkg-config,
# NAME.py for a Python module, NAME.h for a header of Python's, NAME.so.N for a shared library, or a path. Says nothing when
# all are there.
set -eu
# Where services are, and ldconfig: not on everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin

have() {
    case "$1" in
        *.pc) pkg-config --exists "${1%.pc}" 2>/dev/null ;;
        /*) [ -e "$1" ] ;;
        *.so.*) ldconfig -p | grep -qF "$1 " ;;
        *.h) [ -e "$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))' 2>/dev/null)/$1" ] ;;
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
