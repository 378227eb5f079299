#!/usr/bin/env bash
# MinIO, one of two S3 servers, so that nothing leans on one vendor.
. "$(dirname "$0")/common.sh"
NAME=minio
MODULE=github.com/minio/minio
VERSION=v0.0.0-20260212201848-7aac2a2c5b7c
. "$HERE/go.sh"

start() {
  local port secret
  install >/dev/null || install
  fresh "$1"
  mkdir -p "$1/data"
  port=$(free_port) secret=$(secret)
  printf '%s\n' "version=$VERSION" "port=$port" "key=tongban" "secret=$secret" "data=$1/data" >"$1/server.env"
  MINIO_ROOT_USER=tongban MINIO_ROOT_PASSWORD=$secret MINIO_BROWSER=off \
    daemon "$1" "$PROGRAM" server --quiet "$1/data" --address "127.0.0.1:$port"
  await "$1" 30
}

health() {
  curl -fsS --noproxy '*' -m 2 -o /dev/null "http://127.0.0.1:$(given "$1" port)/minio/health/ready"
}

stop() {
  end "$1" TERM 10
}

main "$@"
