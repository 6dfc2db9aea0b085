#!/bin/sh
# Runs all tests: go test, and then test/main.go against the product, which it serves
# at 127.0.0.1:8888.
set -eu
cd "$(dirname "$0")"

go vet ./...
go test ./...

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go tool apiphant build . -o "$work/myproduct"
"$work/myproduct" serve 127.0.0.1:8888 --drain-window 0 2>"$work/log" &
served=$!
trap 'kill $served 2>/dev/null || true; wait $served || true; rm -rf "$work"' EXIT
until grep -q 'Apiphant is serving' "$work/log"; do
	kill -0 $served 2>/dev/null || { cat "$work/log" >&2; exit 1; }
	sleep 0.1
done
go run ./test || { cat "$work/log" >&2; exit 1; }
