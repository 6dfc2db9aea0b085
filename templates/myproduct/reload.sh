#!/bin/sh
# Puts a new version live, process after process, with no request refused. One that
# does not come up healthy is taken back, and the exit status is 1. As root, or with
# sudo.
#
#	./reload.sh --binary FILE               # one that was built elsewhere
#	./reload.sh --help
set -eu
cd "$(dirname "$0")"

# sudo leaves Go out of the PATH.
PATH=$PATH:/usr/local/go/bin

# What apiphant deploy prepare wrote for machines without Go comes first.
if [ -x dist/apiphant ]; then
	exec dist/apiphant deploy reload . "$@"
elif command -v apiphant >/dev/null; then
	exec apiphant deploy reload . "$@"
elif command -v go >/dev/null; then
	exec go tool apiphant deploy reload . "$@"
fi
echo "$0: neither dist/apiphant nor apiphant nor go is there. Where Go is, run: apiphant deploy prepare ." >&2
exit 1
