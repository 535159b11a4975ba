#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# setup.sh prepare | rotate | show NAME: inside the compose network: passwords in the shared volume, the broker's user, the topic.
# Fails: with the message of Kafka's tool; `prepare` may run again, it keeps what exists.
set -euo pipefail

SECRETS=/run/secrets/embergate
GATEWAY_USER=65532
KAFKA=/opt/kafka/bin
BROKER=kafka:9092

random_password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# put name value: the file appears, or changes, at once; only the gateway can read it.
put() {
  local new
  new=$(mktemp "$SECRETS/.new.XXXXXX")
  printf '%s' "$2" >"$new"
  chown "$GATEWAY_USER" "$new"
  chmod 0400 "$new"
  mv -f "$new" "$SECRETS/$1"
}

set_broker_password() {
  "$KAFKA/kafka-configs.sh" --bootstrap-server "$BROKER" --alter --entity-type users --entity-name gw --add-config "SCRAM-SHA-512=[password=$1]"
}

# Broker first, then the file: the gateway proves the new password before it uses it.
rotate() {
  local password
  password=$(random_password)
  set_broker_password "$password"
  put events-jaas "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"gw\" password=\"$password\";"
}

prepare() {
  [ -e "$SECRETS/root-secret" ] || put root-secret "$(random_password)"
  [ -e "$SECRETS/events-jaas" ] || rotate
  "$KAFKA/kafka-topics.sh" --bootstrap-server "$BROKER" --create --if-not-exists --topic clinical-events --partitions 4 --replication-factor 1
}

case ${1:-} in
  prepare) prepare ;;
  rotate) rotate ;;
  show) cat "$SECRETS/${2:?name of a secret}" ;;
  *)
    echo "usage: setup.sh prepare | rotate | show NAME" >&2
    exit 2
    ;;
esac
