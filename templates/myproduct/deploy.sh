#!/bin/sh
# Installs or updates this product on this machine. Run it as root or with sudo, as
# often as you like.
#
#	./deploy.sh --dry-run                   # prints what it would do
#	./deploy.sh --with systemd,nginx        # in place of supervisor,nginx
#	./deploy.sh --remove                    # keeps data and logs
#	./deploy.sh --help
set -eu
cd "$(dirname "$0")"

# sudo leaves Go out of the PATH.
PATH=$PATH:/usr/local/go/bin

# dist has what apiphant deploy prepare wrote for machines without Go.
if [ -x dist/apiphant ]; then
	exec dist/apiphant deploy apply . "$@"
elif command -v apiphant >/dev/null; then
	exec apiphant deploy apply . "$@"
elif command -v go >/dev/null; then
	exec go tool apiphant deploy apply . "$@"
fi
echo "$0: found none of dist/apiphant, apiphant and go. On a machine with Go, run: apiphant deploy prepare ." >&2
exit 1
