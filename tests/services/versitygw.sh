#!/usr/bin/env bash
# VersityGW, the other S3 server, and the one of docker-compose.yml.
. "$(dirname "$0")/common.sh"
NAME=versitygw
MODULE=github.com/versity/versitygw/cmd/versitygw
VERSION=v1.8.0
. "$HERE/go.sh"

start() {
  local port secret
  install >/dev/null || install
  fresh "$1"
  mkdir -p "$1/data"
  port=$(free_port) secret=$(secret)
  printf '%s\n' "version=$VERSION" "port=$port" "key=tongban" "secret=$secret" "data=$1/data" >"$1/server.env"
  ROOT_ACCESS_KEY=tongban ROOT_SECRET_KEY=$secret \
    daemon "$1" "$PROGRAM" --port "127.0.0.1:$port" --health /healthz --quiet posix "$1/data"
  await "$1" 30
}

health() {
  curl -fsS --noproxy '*' -m 2 -o /dev/null "http://127.0.0.1:$(given "$1" port)/healthz"
}

stop() {
  end "$1" TERM 10
}

main "$@"
