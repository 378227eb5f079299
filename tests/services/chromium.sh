#!/usr/bin/env bash
# Chromium with a Chinese font, for tests of pages; tests start it through Playwright, `start` by hand.
. "$(dirname "$0")/common.sh"

program() {
  command -v chromium || command -v chromium-browser
}

version() {
  program >/dev/null || unavailable "Chromium is not installed (Debian: chromium fonts-noto-cjk)"
  "$(program)" --version 2>/dev/null | sed 's/^[^0-9]*//; s/ .*//'
}

install() {
  program >/dev/null || debian chromium fonts-noto-cjk || unavailable "Chromium cannot be installed here (Debian: chromium fonts-noto-cjk)"
  version
}

start() {
  local port
  version >/dev/null || version
  fresh "$1"
  port=$(free_port)
  printf '%s\n' "version=$(version)" "port=$port" "url=http://127.0.0.1:$port" >"$1/server.env"
  daemon "$1" "$(program)" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
    --disable-background-networking --user-data-dir="$1/profile" --remote-debugging-port="$port" about:blank
  await "$1" 30
}

health() {
  curl -fsS --noproxy '*' -m 2 -o /dev/null "http://127.0.0.1:$(given "$1" port)/json/version"
}

stop() {
  end "$1" TERM 15
}

main "$@"
