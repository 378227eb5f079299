#!/usr/bin/env bash
# Creates the virtual environment and installs exactly what requirements.lock pins by hash.
# May be interrupted at any point and run again: only the file `ready`, written last, means done.
set -euo pipefail
venv=$1
root=$2

stop() {
  printf '%s\n' "$@" >&2
  exit 4
}

fits() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
  local name
  for name in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
    if command -v "$name" >/dev/null 2>&1 && fits "$name"; then
      command -v "$name"
      return
    fi
  done
}

python=$(find_python)
if [ -z "$python" ]; then
  found=$("${PYTHON:-python3}" --version 2>/dev/null || echo none)
  stop "通办需要 Python 3.11 或更高版本（含 venv 模块）；找到：$found" \
    "Tongban needs Python 3.11 or newer with the venv module; found: $found" \
    "下一步：安装 python3.11 与 python3.11-venv，或指定 make … PYTHON=/路径/python3" \
    "next: install python3.11 and python3.11-venv, or name one: make … PYTHON=/path/to/python3"
fi

# A half-made environment, one of an older Python, or one of another place is made anew.
home=$(cat "$venv/root" 2>/dev/null || echo "$root")
if ! { [ "$home" = "$root" ] && [ -f "$venv/pyvenv.cfg" ] && fits "$venv/bin/python" &&
  "$venv/bin/python" -m pip --version >/dev/null 2>&1; }; then
  "$python" -m venv --clear "$venv" || stop \
    "虚拟环境没有建成。下一步：安装与 $python 同版本的 venv 软件包（Debian/Ubuntu：python3-venv），检查磁盘空间" \
    "The virtual environment could not be made." \
    "next: install the venv package of $python (Debian, Ubuntu: python3-venv), check the free space, and run again"
fi
echo "$root" >"$venv/root"

# uv does not read pip's settings; a mirror that is set for pip is meant for both.
mirror=${PIP_INDEX_URL:-$("$venv/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
if [ -n "$mirror" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
  export UV_DEFAULT_INDEX=$mirror
fi

unfetched() {
  stop "软件包没有装齐，原因见上。下一步：检查网络、磁盘空间或镜像（pip config set global.index-url …），再运行同一命令，会接着安装" \
    "The packages could not all be installed; the reason stands above." \
    "next: check the network, the free space or the mirror (pip config set global.index-url …), then run the same command; it goes on from here"
}

echo "正在安装依赖（首次约需数分钟）· installing (first time: some minutes on a slow line) ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
  -r "$root/requirements-uv.lock" || unfetched
"$venv/bin/python" -m uv pip install --quiet --require-hashes --compile-bytecode \
  --python "$venv/bin/python" -r "$root/requirements.lock" || unfetched
"$venv/bin/python" - "$root" <<'PY'
import pathlib
import stat
import sys
import sysconfig

root = sys.argv[1]
pathlib.Path(sysconfig.get_paths()["purelib"], "tongban.pth").write_text(root + "\n")
script = pathlib.Path(sys.prefix, "bin", "tongban")
script.write_text(f"#!{sys.executable}\nfrom hub.cli import main\n\nmain()\n")
script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
PY
touch "$venv/ready"
