# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# What the scripts of tests/vm share: steps, each of them one line.

WORK=$(mktemp -d)
SKIP=77 # a step that cannot run returns this, and says why in NOTE
PASSED=0 FAILED=0 SKIPPED=0

# step TITLE COMMAND...: the NOTE that it sets stands behind the result; its output is shown when it fails
step() {
	local title=$1 status=0
	shift
	NOTE=
	"$@" >"$WORK/log" 2>&1 || status=$?
	case $status in
	0) PASSED=$((PASSED + 1)) && step_result "$title" ok ;;
	"$SKIP") SKIPPED=$((SKIPPED + 1)) && step_result "$title" skipped ;;
	*)
		FAILED=$((FAILED + 1))
		step_result "$title" FAILED
		tail -n 60 "$WORK/log"
		return 1
		;;
	esac
}

step_result() {
	printf '  %-52s %s%s\n' "$1" "$2" "${NOTE:+ ($NOTE)}"
}
