# For servers that come as a Go module: built once at a pinned version, kept outside the repository.
# The script that reads this sets NAME, MODULE and VERSION.
PROGRAM=${XDG_CACHE_HOME:-$HOME/.cache}/tongban-services/$NAME@$VERSION/$NAME

version() {
  [ -x "$PROGRAM" ] || command -v go >/dev/null || unavailable "$NAME $VERSION: Go is not installed"
  echo "$VERSION"
}

install() {
  version >/dev/null || version
  [ -x "$PROGRAM" ] || build
  echo "$VERSION"
}

# Prints where the binary of this very version lies, or will.
program() {
  echo "$PROGRAM"
}

build() {
  local folder said
  mkdir -p "$(dirname "$PROGRAM")"
  folder=$(mktemp -d -p "$(dirname "$PROGRAM")")
  if ! said=$(cd "$folder" && GOBIN=$folder GOFLAGS=-p=2 timeout 900 nice -n 10 go install "$MODULE@$VERSION" 2>&1 </dev/null); then
    rm -rf "$folder"
    unavailable "$NAME $VERSION: $(echo "$said" | tail -1)"
  fi
  mv "$folder/$NAME" "$PROGRAM"
  rm -rf "$folder"
}
