#!/bin/sh
# new-wal-segments.sh ENGINE_PATH COMMAND [ARGUMENT]...
# Runs influxd so that what it acknowledges after a crash survives the next restart (docs/reliability.md).
#
# influxd 2.7.12 (tsdb/engine/tsm1: WAL.Open, then CacheLoader.Load) opens each shard's last WAL segment for writing at
# its end, and only then cuts a half written entry off that segment. New entries go behind the cut, after a hole of
# zeros; the next start takes the hole for damage and cuts off all that follows. Where the last segment is empty,
# influxd removes it and begins a new one with the first write: no entry goes behind a cut.
set -eu
wal=$1/wal
shift
if [ -d "$wal" ]; then
  # BUCKET/autogen/SHARD/_NNNNN.wal; the names of a shard's segments sort by their age.
  find "$wal" -name '_*.wal' -size +0 -exec dirname {} + | sort -u | while read -r shard; do
    last=$(find "$shard" -name '_*.wal' | sort | tail -n 1)
    id=${last##*/_}
    if [ -s "$last" ]; then : >"$(printf '%s/_%05d.wal' "$shard" "$(expr "${id%.wal}" + 1)")"; fi
  done
fi
exec "$@"
