# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Steps of the scripts in tests/vm. Each step prints one line.

WORK=$(mktemp -d)
SKIP=77 # a step that cannot run returns this, and says why in NOTE
PASSED=0 FAILED=0 SKIPPED=0

# step TITLE COMMAND...: runs the command and prints its result and NOTE. The output is shown if the command fails.
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
