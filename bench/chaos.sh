#!/bin/sh
# The end-to-end kill -9 test with a larger count. Usage: bench/chaos.sh [calls] [seed]
set -eu
cd "$(dirname "$0")/.."
export KESTREL_CHAOS_CALLS="${1:-2000}"
export KESTREL_CHAOS_SEED="${2:-1}"
exec ./kestrel test ChaosTests
