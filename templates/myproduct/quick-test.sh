#!/bin/sh
# Calls the echo, and fails if the answer is wrong. By default it asks through nginx,
# by the settings in deploy.conf; an argument is another address:
#
#	./quick-test.sh http://127.0.0.1:8001
#
# ./deploy.sh and ./reload.sh run it for each new process, and at their end.
set -eu
cd "$(dirname "$0")"
eval "$(tr -d '\r' <deploy.conf)" # lines may end as on Windows

domain=${DOMAIN:-myproduct-local.com} listen=${LISTEN:-80} url=http
if [ -n "${TLS_CERTIFICATE:-}" ]; then
	listen=${TLS_LISTEN:-443} url=https
fi
listen=${listen%% *}
port=${listen##*:}
case $listen in
*:*) address=${listen%:*} ;;
*) address=127.0.0.1 ;;
esac
url=${1:-$url://$domain:$port}

# --connect-to connects to nginx on this machine, whatever the DNS says; therefore
# --insecure is safe, which allows a certificate for tests.
answer=$(curl --silent --show-error --fail-with-body --max-time 10 --noproxy '*' --insecure \
	--connect-to "$domain:$port:$address:$port" \
	--header 'Content-Type: application/json' --data '{"hello": "world"}' "$url/api/v0/echo/read")
echo "$url/api/v0/echo/read {\"hello\": \"world\"} --> $answer"
test "$answer" = '{"hello":"world","server":"myproduct"}'
