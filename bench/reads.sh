#!/bin/sh
# Builds what the reads are compared with, and measures. Usage: bench/reads.sh [options of the command "reads"]
set -eu
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 NEXT_TELEMETRY_DISABLED=1
dotnet build bench/Bench -c Release -v q -nologo -clp:NoSummary
for peer in fastify next; do
    (cd "bench/peers/$peer" && npm ci --no-audit --no-fund --loglevel=error)
done
(cd bench/peers/next && npm run build)
exec dotnet bench/Bench/bin/Release/net10.0/KestrelVoice.Bench.dll reads "$@"
