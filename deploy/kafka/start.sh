#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# start.sh: the broker of deploy/kafka/server.properties. The first start formats the storage with the users admin and gw and the passwords
# that stand in /run/broker. Fails: with Kafka's message.
set -euo pipefail

KAFKA=/opt/kafka

tool() { java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile="$KAFKA/log4j2.properties" -cp "$KAFKA/libs/*" "$@"; }

format() {
  local id
  id=$(tool kafka.tools.StorageTool random-uuid | tail -1)
  tool kafka.tools.StorageTool format -t="$id" -c="$KAFKA/server.properties" -g \
    --add-scram "SCRAM-SHA-512=[name=admin,password=$(cat /run/broker/admin-password)]" \
    --add-scram "SCRAM-SHA-512=[name=gw,password=$(cat /run/broker/gw-password)]" >/dev/null
}

[ -e /var/lib/kafka/data/meta.properties ] || format
exec java -Xms256m -Xmx512m -Djava.awt.headless=true -Dkafka.logs.dir=/var/lib/kafka/logs \
  -Dlog4j2.configurationFile="$KAFKA/log4j2.properties" -cp "$KAFKA/libs/*" kafka.Kafka "$KAFKA/server.properties"
