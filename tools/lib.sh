# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Functions shared by the scripts: messages, packages, the build. ROOT is the source tree.

ROOT=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
SELF=tools/$(basename "$0")
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8
export DEBIAN_FRONTEND=noninteractive
export CMAKE_GENERATOR=Ninja # only for new build folders

die() {
	echo "$SELF: $*" >&2
	exit 1
}

need_root() {
	[ "$(id -u)" = 0 ] || die "needs root (sudo $SELF)"
}

# quietly COMMAND...: run a command, and show the end of its output only if it fails
quietly() {
	local log status=0
	log=$(mktemp)
	"$@" >"$log" 2>&1 || status=$?
	[ "$status" = 0 ] || tail -n 60 "$log" >&2
	rm -f "$log"
	return "$status"
}

# packages_of SECTION...: print the packages in these sections of tools/packages
packages_of() {
	awk -v wanted=" $* " '
		/^\[/ { on = index(wanted, " " substr($0, 2, length($0) - 2) " ") }
		/^[a-z0-9]/ && on { print }' "$ROOT/tools/packages"
}

package_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# without_services COMMAND...: run a command that installs packages, without starting their services. Tests start their own.
without_services() (
	local policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		install -m 755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
	fi
	"$@"
)

# install_packages SECTION...: install the missing packages of these sections. If none is missing, no network is needed.
install_packages() {
	local package missing=()
	for package in $(packages_of "$@"); do
		package_installed "$package" || missing+=("$package")
	done
	[ "${#missing[@]}" != 0 ] || return 0
	command -v apt-get >/dev/null || die "no apt-get here; install yourself: ${missing[*]}"
	echo "installing ${missing[*]}"
	quietly apt-get -o DPkg::Lock::Timeout=120 update || die "apt-get update failed"
	DEBIAN_FRONTEND=noninteractive without_services quietly \
		apt-get -o DPkg::Lock::Timeout=120 -y --no-install-recommends install "${missing[@]}" ||
		die "apt-get install failed (see above)"
}

# build FOLDER "TARGET..." [CMAKE-OPTION...]: configure and build. Prints nothing if it succeeds.
build() {
	local folder=$1 targets
	read -ra targets <<<"$2"
	shift 2
	if ! quietly cmake -S "$ROOT" -B "$folder" "$@" ||
		! quietly cmake --build "$folder" --target "${targets[@]}" --parallel "$(nproc)"; then
		echo "$SELF: the build in $folder failed (see above)" >&2
		return 1
	fi
}
