#!/usr/bin/env bash
# Tests the chain crates, builds the runtime's wasm, and writes wasm/tally_runtime.wasm with
# wasm/manifest.json. Nothing else writes the manifest, so a manifest says: these sources were
# tested, and this wasm was built from them.
#
#   usage: build-wasm.sh [PREFIX]      (PREFIX: see setup-wasm-toolchain.sh)
#
# The build is reproducible: neither the folder nor the caches nor PREFIX change a byte.
set -euo pipefail

SCRIPTS="$(cd "$(dirname "$0")" && pwd)"
CHAIN="$(dirname "$SCRIPTS")"
TARGET=wasm32v1-none
NAME="${TALLY_WASM_TOOLCHAIN:-tallystick-wasm}"
CARGO_CACHE="${CARGO_HOME:-$HOME/.cargo}"

"$SCRIPTS/setup-wasm-toolchain.sh" "$@"
cd "$CHAIN"
before="$(node scripts/verify-manifest.mjs --source-hash)"

cargo test --locked --workspace

flags=(--cfg substrate_runtime
  -C link-arg=--export-table -C link-arg=--import-memory -C link-arg=--export=__heap_base
  "--remap-path-prefix=$CARGO_CACHE=/cargo" "--remap-path-prefix=$CHAIN=/src")
RUSTUP_TOOLCHAIN="$NAME" RUSTFLAGS="${flags[*]}" CARGO_TARGET_DIR="$CHAIN/target/wasm" \
  cargo rustc --locked --release -p tally-runtime --no-default-features \
  --crate-type cdylib --target "$TARGET"

if [ "$before" != "$(node scripts/verify-manifest.mjs --source-hash)" ]; then
  echo "the sources changed during the build; run again" >&2
  exit 1
fi
mkdir -p wasm
install -m 644 "target/wasm/$TARGET/release/tally_runtime.wasm" wasm/tally_runtime.wasm
node scripts/verify-manifest.mjs --write "$(rustup run "$NAME" rustc --version)"
