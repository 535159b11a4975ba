#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# setup.sh prepare | topics | rotate | show NAME | demo: the one-shot services of docker-compose.yml.
#   prepare  passwords, certificates, vault config and init bundle, before anything else runs
#   topics   the Kafka topic, and the gateway's right to write to it
#   rotate   a new password for user gw: on the broker, then in the file
#   show     one of the gateway's secrets     demo  the proof (demo.py)
# Fails: with the message of the tool; every command may run again, prepare keeps what exists.
set -euo pipefail

SECRETS=/run/secrets/embergate # the gateway's: a directory, so that a renamed file is seen
BROKER=/run/broker             # the broker's own: its key, and the administrator's password
CONFIG=/etc/embergate
GATEWAY_USER=65532
KAFKA_USER=65531
ADDRESS=kafka:9094
TOPIC=clinical-events

random_password() { openssl rand -hex 16 | tr -d '\n'; }

# put owner path: from standard input; the file appears, or changes, at once, readable by its owner only.
put() {
  local new
  new=$(mktemp "$(dirname "$2")/.new.XXXXXX")
  cat >"$new"
  chown "$1" "$new"
  chmod 0400 "$new"
  mv -fT "$new" "$2"
}

tool() {
  java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile=/opt/kafka/log4j2.properties -cp '/opt/kafka/libs/*' "$@"
}

# client_settings user password: of Kafka's own tools.
client_settings() {
  cat <<CONF
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="$1" password="$2";
ssl.truststore.type=PEM
ssl.truststore.location=$BROKER/ca.pem
CONF
}

as_admin() {
  local settings
  settings=$(mktemp)
  client_settings admin "$(cat "$BROKER/admin-password")" >"$settings"
  tool "$1" --bootstrap-server "$ADDRESS" --command-config "$settings" "${@:2}"
  rm -f "$settings"
}

make_certificates() {
  local work
  work=$(mktemp -d)
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 3650 -subj "/CN=Embergate trial CA" \
    -keyout "$work/ca-key.pem" -out "$work/ca.pem" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -subj "/CN=kafka" -keyout "$work/key.pem" -out "$work/request.pem"
  printf 'subjectAltName=DNS:kafka\nextendedKeyUsage=serverAuth\n' >"$work/extensions"
  openssl x509 -req -sha256 -days 825 -in "$work/request.pem" -CA "$work/ca.pem" -CAkey "$work/ca-key.pem" -CAcreateserial \
    -extfile "$work/extensions" -out "$work/certificate.pem"
  cat "$work/key.pem" "$work/certificate.pem" "$work/ca.pem" | put "$KAFKA_USER" "$BROKER/keystore.pem"
  put "$KAFKA_USER" "$BROKER/ca.pem" <"$work/ca.pem"
  rm -rf "$work"
}

put_jaas() {
  printf 'org.apache.kafka.common.security.scram.ScramLoginModule required username="gw" password="%s";' "$1" |
    put "$GATEWAY_USER" "$SECRETS/events-jaas"
}

# The certificate authority is a file of the operator: one who may write destinations cannot put another one in its place.
put_config() {
  put "$GATEWAY_USER" "$SECRETS/kafka-ca" <"$BROKER/ca.pem"
  put "$GATEWAY_USER" "$CONFIG/vault.json" </opt/demo/vault.json
  put "$GATEWAY_USER" "$CONFIG/init-bundle.json" </opt/demo/init-bundle.json
}

prepare() {
  echo "passwords, certificates and configuration, where they are absent: a few seconds ..."
  chmod 0755 "$SECRETS" "$BROKER" "$CONFIG"
  [ -e "$BROKER/keystore.pem" ] || make_certificates
  [ -e "$BROKER/admin-password" ] || random_password | put "$KAFKA_USER" "$BROKER/admin-password"
  [ -e "$BROKER/gw-password" ] || random_password | put "$KAFKA_USER" "$BROKER/gw-password"
  local name
  for name in root-secret loader-secret; do
    [ -e "$SECRETS/$name" ] || random_password | put "$GATEWAY_USER" "$SECRETS/$name"
  done
  [ -e "$SECRETS/events-jaas" ] || put_jaas "$(cat "$BROKER/gw-password")"
  put_config
}

topics() {
  echo "topic $TOPIC, and the gateway's right to write to it: usually 10 s, on a busy machine a minute ..."
  as_admin org.apache.kafka.tools.TopicCommand --create --if-not-exists --topic "$TOPIC" --partitions 4 --replication-factor 1
  as_admin org.apache.kafka.tools.AclCommand --add --allow-principal User:gw --operation Write --operation Describe --topic "$TOPIC"
}

# Broker first, then the file: the gateway proves the new password before it uses it.
rotate() {
  local password
  echo "a new password for the gateway's Kafka user, on the broker and in the file: usually 5 s, on a busy machine half a minute ..."
  password=$(random_password)
  as_admin org.apache.kafka.tools.ConfigCommand --alter --entity-type users --entity-name gw --add-config "SCRAM-SHA-512=[password=$password]"
  put_jaas "$password"
}

case ${1:-} in
  prepare | topics | rotate) "$1" ;;
  show) cat "$SECRETS/${2:?name of a secret}" ;;
  demo) exec python3 -u /opt/demo/demo.py ;;
  *)
    echo "usage: setup.sh prepare | topics | rotate | show NAME | demo" >&2
    exit 2
    ;;
esac
