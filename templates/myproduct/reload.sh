#!/bin/sh
# Deploys a new version, one process after the other, with no request refused. If a
# process is not healthy, all return to the version before, and the exit status is 1.
# Run it as root or with sudo.
#
#	./reload.sh --binary FILE               # a program that was built elsewhere
#	./reload.sh --help
set -eu
cd "$(dirname "$0")"

# sudo leaves Go out of the PATH.
PATH=$PATH:/usr/local/go/bin

# dist has what apiphant deploy prepare wrote for machines without Go.
if [ -x dist/apiphant ]; then
	exec dist/apiphant deploy reload . "$@"
elif command -v apiphant >/dev/null; then
	exec apiphant deploy reload . "$@"
elif command -v go >/dev/null; then
	exec go tool apiphant deploy reload . "$@"
fi
echo "$0: found none of dist/apiphant, apiphant and go. On a machine with Go, run: apiphant deploy prepare ." >&2
exit 1
