#!/bin/bash
# Stands in for apache/kafka's own start script: KAFKA_NODE_ID=1 becomes node.id=1, and so on.
set -euo pipefail
config=/tmp/server.properties
for name in "${!KAFKA_@}"; do
  case $name in KAFKA_HEAP_OPTS) continue ;; esac
  key=${name#KAFKA_}
  key=${key,,}
  printf '%s=%s\n' "${key//_/.}" "${!name}"
done >"$config"
run() { java ${KAFKA_HEAP_OPTS:-} -Dlog4j.configuration=file:/opt/kafka/log4j.properties -cp '/opt/kafka/libs/*' "$@"; }
run kafka.tools.StorageTool format --ignore-formatted -t 4L6g3nShT-eMCtK--X86sw -c "$config"
exec java ${KAFKA_HEAP_OPTS:-} -Dlog4j.configuration=file:/opt/kafka/log4j.properties -cp '/opt/kafka/libs/*' kafka.Kafka "$config"
