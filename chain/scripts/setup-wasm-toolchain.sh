#!/usr/bin/env bash
# Makes, once, a Rust toolchain that can build the runtime's wasm, and links it into rustup.
# For machines whose rustup cannot add the target wasm32v1-none: the compiler comes from Debian's
# packages (no root), and core, compiler_builtins and alloc are compiled from its sources.
#
#   usage: setup-wasm-toolchain.sh [PREFIX]      (or PREFIX in the environment)
#
# Needs: apt-get, dpkg, rustup with a stable toolchain. Takes about half a minute and 460 MB.
# A finished prefix is recognised by its stamp and left alone.
set -euo pipefail

PREFIX="${1:-${PREFIX:-${XDG_CACHE_HOME:-$HOME/.cache}/tallystick/wasm-toolchain}}"
NAME="${TALLY_WASM_TOOLCHAIN:-tallystick-wasm}"
TARGET=wasm32v1-none

mkdir -p "$PREFIX"
PREFIX="$(cd "$PREFIX" && pwd)"
STAMP="$PREFIX/.ready-$TARGET"

if [ -f "$STAMP" ]; then
  rustup run "$NAME" rustc --version >/dev/null 2>&1 || rustup toolchain link "$NAME" "$PREFIX/usr"
  echo "ready: $(cat "$STAMP")"
  exit 0
fi

unpack_packages() {
  local series llvm
  VERSION="$(apt-cache show --no-all-versions rustc-web | sed -n 's/^Version: //p')"
  UPSTREAM="${VERSION%%+*}"
  series="${UPSTREAM%.*}"
  llvm="$(apt-cache show --no-all-versions rustc-web "libstd-rust-web-$series" |
    grep -o 'libllvm[0-9]*' | sort -u | head -1)"
  cd "$PREFIX"
  rm -rf usr ./*.deb
  apt-get download rustc-web libstd-rust-web-dev "libstd-rust-web-$series" rust-web-src "$llvm"
  local package
  for package in ./*.deb; do dpkg -x "$package" .; done
}

link_toolchain() {
  cd "$PREFIX/usr"
  local multiarch host lld file missing
  multiarch="$(basename "$(dirname "$(ls lib/*/librustc_driver-*.so | head -1)")")"
  host="$(ls lib/rustlib | grep -- '-unknown-linux-gnu$' | head -1)"
  for file in lib/"$multiarch"/librustc_driver-*.so lib/"$multiarch"/libLLVM*.so*; do
    ln -sf "$multiarch/$(basename "$file")" lib/
  done
  ln -sf "$(rustup which cargo)" bin/cargo
  lld="$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld"
  [ -e "$lld" ] || { echo "no rust-lld in the active rustup toolchain" >&2; exit 1; }
  mkdir -p "lib/rustlib/$host/bin"
  ln -sf "$lld" "lib/rustlib/$host/bin/rust-lld"
  missing="$(LD_LIBRARY_PATH="$PWD/lib:$PWD/lib/$multiarch" ldd bin/rustc lib/librustc_driver-*.so |
    grep 'not found' || true)"
  if [ -n "$missing" ]; then
    echo "missing shared libraries (try: apt-get install libedit2 libxml2 libz3-4):" >&2
    echo "$missing" >&2
    exit 1
  fi
  rustup toolchain link "$NAME" "$PWD"
}

# The prefix is remapped: without it the libraries would differ from one location to another.
compile_core() {
  local library="$PREFIX/usr/src/rustc-$UPSTREAM/library"
  local out="$PREFIX/usr/lib/rustlib/$TARGET/lib"
  local builtins="$library/compiler-builtins/compiler-builtins"
  local version major minor patch
  version="$(sed -n 's/^version *= *"\(.*\)"/\1/p' "$builtins/Cargo.toml" | head -1)"
  IFS=. read -r major minor patch <<<"$version"
  mkdir -p "$out"
  export RUSTC_BOOTSTRAP=1
  local compile=(rustup run "$NAME" rustc --target "$TARGET" --edition 2024 --crate-type rlib -O
    -C embed-bitcode=yes -C panic=abort -Z force-unstable-if-unmarked --cap-lints allow
    --out-dir "$out" -L "$out" -C extra-filename=-tally
    --remap-path-prefix "$PREFIX=/toolchain" --remap-path-prefix "$library=/rustc/library")
  "${compile[@]}" --crate-name core -C "metadata=core-$TARGET" "$library/core/src/lib.rs"
  CARGO_PKG_VERSION="$version" CARGO_PKG_VERSION_MAJOR="$major" \
    CARGO_PKG_VERSION_MINOR="$minor" CARGO_PKG_VERSION_PATCH="$patch" \
    "${compile[@]}" --crate-name compiler_builtins -C "metadata=builtins-$TARGET" \
    -C codegen-units=16 -C debug-assertions=off -C overflow-checks=off \
    --cfg 'feature="compiler-builtins"' --cfg 'feature="mem"' \
    --extern core="$out/libcore-tally.rlib" "$builtins/src/lib.rs"
  "${compile[@]}" --crate-name alloc -C "metadata=alloc-$TARGET" \
    --extern core="$out/libcore-tally.rlib" \
    --extern compiler_builtins="$out/libcompiler_builtins-tally.rlib" "$library/alloc/src/lib.rs"
  unset RUSTC_BOOTSTRAP
}

# A no_std library that allocates must link.
smoke_test() {
  local dir
  dir="$(mktemp -d)"
  cat >"$dir/smoke.rs" <<'RS'
#![no_std]
extern crate alloc;
use core::alloc::{GlobalAlloc, Layout};
struct Null;
unsafe impl GlobalAlloc for Null {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 { core::ptr::null_mut() }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
#[global_allocator]
static ALLOCATOR: Null = Null;
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { core::arch::wasm32::unreachable() }
#[no_mangle]
pub extern "C" fn length(n: usize) -> usize { alloc::vec![1u8; n].len() }
RS
  rustup run "$NAME" rustc --target "$TARGET" --crate-type cdylib -O -C panic=abort \
    -o "$dir/smoke.wasm" "$dir/smoke.rs"
  rm -rf "$dir"
}

unpack_packages
link_toolchain
compile_core
smoke_test
cd "$PREFIX"
rm -rf ./*.deb usr/share/doc usr/share/man usr/src usr/lib/rustlib/src
echo "$NAME: rustc $VERSION, $TARGET" | tee "$STAMP"
