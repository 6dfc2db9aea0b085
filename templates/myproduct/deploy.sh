#!/bin/sh
# Installs this product on this machine, or brings it up to date there: as often as
# you like. As root, or with sudo.
#
#	./deploy.sh --dry-run                   # prints what it would do
#	./deploy.sh --with systemd,nginx        # in place of supervisor,nginx
#	./deploy.sh --remove                    # keeps data and logs
#	./deploy.sh --help
set -eu
cd "$(dirname "$0")"

# sudo leaves Go out of the PATH.
PATH=$PATH:/usr/local/go/bin

# What apiphant deploy prepare wrote for machines without Go comes first.
if [ -x dist/apiphant ]; then
	exec dist/apiphant deploy apply . "$@"
elif command -v apiphant >/dev/null; then
	exec apiphant deploy apply . "$@"
elif command -v go >/dev/null; then
	exec go tool apiphant deploy apply . "$@"
fi
echo "$0: neither dist/apiphant nor apiphant nor go is there. Where Go is, run: apiphant deploy prepare ." >&2
exit 1
