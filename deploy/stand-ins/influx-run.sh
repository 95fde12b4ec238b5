#!/bin/bash
# Stands in for the influxdb image's entry point: sets itself up once, on another port, then starts.
set -euo pipefail
data=/var/lib/influxdb2
influxd=(influxd --bolt-path $data/influxd.bolt --engine-path $data/engine --sqlite-path $data/influxd.sqlite)
if [ ! -e $data/influxd.bolt ]; then
  "${influxd[@]}" --http-bind-address 127.0.0.1:9999 &
  until curl -fsS http://127.0.0.1:9999/health >/dev/null 2>&1; do sleep 0.2; done
  curl -fsS http://127.0.0.1:9999/api/v2/setup -d "{
    \"username\": \"$DOCKER_INFLUXDB_INIT_USERNAME\",
    \"password\": \"$(cat "$DOCKER_INFLUXDB_INIT_PASSWORD_FILE")\",
    \"token\": \"$(cat "$DOCKER_INFLUXDB_INIT_ADMIN_TOKEN_FILE")\",
    \"org\": \"$DOCKER_INFLUXDB_INIT_ORG\",
    \"bucket\": \"$DOCKER_INFLUXDB_INIT_BUCKET\",
    \"retentionPeriodSeconds\": 2592000 }" >/dev/null
  kill $!
  wait $! || true
fi
exec "${influxd[@]}"
