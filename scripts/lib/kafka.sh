# SPDX-License-Identifier: Apache-2.0
# Sourced: one real Apache Kafka broker (KRaft, one process) on loopback: plaintext, SASL_PLAINTEXT, SASL_SSL, TLS and mTLS listeners, a
# SASL_PLAINTEXT one that asks for a new login every two seconds (PLAIN, SCRAM, and OAUTHBEARER with tokens that nobody signed), and one for
# OAUTHBEARER with signed tokens when it is created while EG_OIDC_ISSUER is set (scripts/lib/oidc.sh).
# All of a broker lives in one folder: server.properties, tls/, data/, broker.log, broker.pid, plain-users.properties, kafka.env.
# Fails: a start that is not ready in time stops the process and shows the end of its log.
# shellcheck shell=bash

. "$EG_ROOT/scripts/lib/maven.sh"
. "$EG_ROOT/scripts/lib/kafka_version.sh"

KAFKA_READY_SECONDS=${EG_KAFKA_READY_SECONDS:-90}
KAFKA_TOOL_FLAGS=(-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto)
KAFKA_HANDLER_SOURCE=$EG_ROOT/tests/support/kafka/PlainUsersFromFile.java

kafka_fetch() {
  local logging
  mapfile -t logging < <(kafka_logging_jars)
  maven_jars "$KAFKA_LIBS" "org.apache.kafka:kafka_2.13:$KAFKA_VERSION" "org.apache.kafka:kafka-tools:$KAFKA_VERSION" "${logging[@]}"
}

kafka_handler_folder() { printf '%s/kafka-%s/handler-%s' "$EG_CACHE" "$KAFKA_VERSION" "$(sha256sum "$KAFKA_HANDLER_SOURCE" | cut -c1-12)"; }

kafka_compile_handler() {
  local folder
  folder=$(kafka_handler_folder)
  [ -d "$folder" ] && return 0
  rm -rf "$folder.new"
  javac -proc:none -cp "$KAFKA_LIBS/*" -d "$folder.new" "$KAFKA_HANDLER_SOURCE"
  mv "$folder.new" "$folder"
}

# Everything that a broker needs before its first start; quick when it is there. Tools log to standard error: without settings of their own
# they would mix errors into the records that they print.
kafka_prepare() {
  kafka_fetch
  kafka_write_log_settings "$KAFKA_TOOL_LOG" err
  kafka_compile_handler
}

# kafka_certificates folder: a CA, the broker's certificate for loopback, and one for a client. Made on the spot, never kept in the repository.
kafka_certificates() {
  local tls=$1
  mkdir -p "$tls"
  kafka_ca "$tls" ca "Embergate test CA"
  kafka_leaf "$tls" broker localhost "subjectAltName=DNS:localhost,IP:127.0.0.1" serverAuth,clientAuth
  kafka_leaf "$tls" client gw "subjectAltName=DNS:gw" clientAuth
  kafka_ca "$tls" other-ca "Embergate other CA"
  cat "$tls/broker-key.pem" "$tls/broker.pem" "$tls/ca.pem" >"$tls/broker-keystore.pem"
}

# kafka_ca folder name subject
kafka_ca() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 3650 -subj "/CN=$3" -keyout "$1/$2-key.pem" -out "$1/$2.pem" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

# kafka_leaf folder name common-name extension usage: signed by ca.pem of that folder, key as PKCS#8.
kafka_leaf() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -subj "/CN=$3" -keyout "$1/$2-key.pem" -out "$1/$2.csr"
  printf '%s\nbasicConstraints=CA:FALSE\nextendedKeyUsage=%s\n' "$4" "$5" >"$1/$2.ext"
  openssl x509 -req -sha256 -days 825 -in "$1/$2.csr" -CA "$1/ca.pem" -CAkey "$1/ca-key.pem" -CAcreateserial -extfile "$1/$2.ext" -out "$1/$2.pem"
  rm -f "$1/$2.csr" "$1/$2.ext"
}

kafka_choose_ports() {
  local free
  mapfile -t free < <(free_ports 8)
  kafka_plaintext=127.0.0.1:${EG_KAFKA_PLAINTEXT_PORT:-${free[0]}}
  kafka_sasl_plaintext=127.0.0.1:${EG_KAFKA_SASL_PLAINTEXT_PORT:-${free[1]}}
  kafka_sasl_ssl=127.0.0.1:${EG_KAFKA_SASL_SSL_PORT:-${free[2]}}
  kafka_mtls=127.0.0.1:${EG_KAFKA_MTLS_PORT:-${free[3]}}
  kafka_controller=127.0.0.1:${EG_KAFKA_CONTROLLER_PORT:-${free[4]}}
  kafka_oauth=127.0.0.1:${EG_KAFKA_OAUTH_PORT:-${free[5]}}
  kafka_tls=127.0.0.1:${free[6]}
  kafka_reauth=127.0.0.1:${free[7]}
}

# A listener for tokens of the provider that EG_OIDC_ISSUER names; sessions end after 10 s at the latest, and new signing keys are seen soon.
kafka_oauth_settings() {
  local prefix=listener.name.oauth package=org.apache.kafka.common.security.oauthbearer
  cat <<CONF
$prefix.sasl.enabled.mechanisms=OAUTHBEARER
$prefix.oauthbearer.sasl.jaas.config=$package.OAuthBearerLoginModule required;
$prefix.oauthbearer.sasl.server.callback.handler.class=$package.OAuthBearerValidatorCallbackHandler
$prefix.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=$EG_OIDC_JWKS_URL
$prefix.oauthbearer.sasl.oauthbearer.jwks.endpoint.refresh.ms=2000
$prefix.oauthbearer.sasl.oauthbearer.expected.audience=kafka
$prefix.oauthbearer.sasl.oauthbearer.expected.issuer=$EG_OIDC_ISSUER
$prefix.oauthbearer.connections.max.reauth.ms=10000
$prefix.ssl.keystore.type=PEM
$prefix.ssl.keystore.location=$1/tls/broker-keystore.pem
CONF
}

# Brokers ask no address for keys that they are not told of at start.
kafka_jvm_flags() { sed -n 's/^.*\.jwks\.endpoint\.url=/-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=/p' "$1/server.properties"; }

kafka_listener_settings() {
  local dir=$1 scram=org.apache.kafka.common.security.scram.ScramLoginModule plain=org.apache.kafka.common.security.plain.PlainLoginModule listener
  for listener in saslp saslt saslr; do
    cat <<CONF
listener.name.$listener.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512$([ "$listener" != saslr ] || printf ',OAUTHBEARER')
listener.name.$listener.plain.sasl.jaas.config=$plain required users_file="$dir/plain-users.properties";
listener.name.$listener.plain.sasl.server.callback.handler.class=embergate.test.PlainUsersFromFile
listener.name.$listener.scram-sha-256.sasl.jaas.config=$scram required;
listener.name.$listener.scram-sha-512.sasl.jaas.config=$scram required;
CONF
  done
  cat <<CONF
listener.name.saslr.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
listener.name.saslr.plain.connections.max.reauth.ms=2000
listener.name.saslr.scram-sha-256.connections.max.reauth.ms=2000
listener.name.saslr.scram-sha-512.connections.max.reauth.ms=2000
listener.name.saslr.oauthbearer.connections.max.reauth.ms=2000
CONF
  for listener in saslt tls mtls; do
    printf 'listener.name.%s.ssl.keystore.type=PEM\nlistener.name.%s.ssl.keystore.location=%s/tls/broker-keystore.pem\n' "$listener" "$listener" "$dir"
  done
  cat <<CONF
listener.name.mtls.ssl.client.auth=required
listener.name.mtls.ssl.truststore.type=PEM
listener.name.mtls.ssl.truststore.location=$dir/tls/ca.pem
CONF
  [ -z "${EG_OIDC_ISSUER:-}" ] || kafka_oauth_settings "$dir"
}

kafka_write_settings() {
  local dir=$1 public
  public=INTERNAL://$kafka_plaintext,SASLP://$kafka_sasl_plaintext,SASLT://$kafka_sasl_ssl,TLS://$kafka_tls,MTLS://$kafka_mtls,SASLR://$kafka_reauth
  [ -z "${EG_OIDC_ISSUER:-}" ] || public=$public,OAUTH://$kafka_oauth
  cat >"$dir/server.properties" <<CONF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@$kafka_controller
controller.listener.names=CONTROLLER
listeners=$public,CONTROLLER://$kafka_controller
advertised.listeners=$public
listener.security.protocol.map=INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT,SASLP:SASL_PLAINTEXT,SASLT:SASL_SSL,TLS:SSL,MTLS:SSL,SASLR:SASL_PLAINTEXT,OAUTH:SASL_SSL
inter.broker.listener.name=INTERNAL
log.dirs=$dir/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.partitions=4
auto.create.topics.enable=false
CONF
  kafka_listener_settings "$dir" >>"$dir/server.properties"
}

# The addresses and files of the broker for tests and people: shell lines, to be sourced with `set -a`.
kafka_write_env() {
  local dir=$1
  {
    printf 'EG_KAFKA_DIR=%q\nEG_KAFKA_VERSION=%s\n' "$dir" "$KAFKA_VERSION"
    printf 'EG_KAFKA_PLAINTEXT=%s\nEG_KAFKA_SASL_PLAINTEXT=%s\nEG_KAFKA_SASL_SSL=%s\nEG_KAFKA_MTLS=%s\n' \
      "$kafka_plaintext" "$kafka_sasl_plaintext" "$kafka_sasl_ssl" "$kafka_mtls"
    [ -z "${EG_OIDC_ISSUER:-}" ] || printf 'EG_KAFKA_OAUTH=%s\n' "$kafka_oauth"
    printf 'EG_KAFKA_TLS=%s\nEG_KAFKA_REAUTH=%s\n' "$kafka_tls" "$kafka_reauth"
    printf 'EG_KAFKA_CA=%q\nEG_KAFKA_OTHER_CA=%q\n' "$dir/tls/ca.pem" "$dir/tls/other-ca.pem"
    printf 'EG_KAFKA_CLIENT_CERT=%q\nEG_KAFKA_CLIENT_KEY=%q\n' "$dir/tls/client.pem" "$dir/tls/client-key.pem"
    printf 'EG_KAFKA_PLAIN_USERS=%q\n' "$dir/plain-users.properties"
    printf 'EG_KAFKA_LIBS=%q\nEG_KAFKA_PID_FILE=%q\nEG_KAFKA_CTL=%q\n' "$KAFKA_LIBS" "$dir/broker.pid" "$EG_ROOT/scripts/kafka"
  } >"$dir/kafka.env"
}

kafka_tool() { java "${KAFKA_TOOL_FLAGS[@]}" "$(kafka_logging_flag "$KAFKA_TOOL_LOG")" -cp "$KAFKA_LIBS/*" "$@"; }

kafka_format() {
  local dir=$1 id password=${EG_KAFKA_GW_PASSWORD:-v1}
  id=$(kafka_tool kafka.tools.StorageTool random-uuid | tail -1)
  kafka_tool kafka.tools.StorageTool format -t="$id" -c="$dir/server.properties" -g \
    --add-scram "SCRAM-SHA-512=[name=gw,password=$password]" --add-scram "SCRAM-SHA-256=[name=gw,password=$password]" \
    --add-scram 'SCRAM-SHA-512=[name=admin,password=admin-secret]' --add-scram 'SCRAM-SHA-256=[name=admin,password=admin-secret]'
}

# kafka_logged file command…: keeps what it prints in the file and shows that only when it fails.
kafka_logged() {
  local log=$1 rc=0
  shift
  set +e
  (set -e; "$@") >>"$log" 2>&1
  rc=$?
  set -e
  [ "$rc" -eq 0 ] || tail -n 20 "$log" >&2
  return "$rc"
}

kafka_log_settings_of() { printf '%s/%s.properties' "$1" "$(kafka_logging)"; }

# kafka_create dir: a new broker with users gw (password EG_KAFKA_GW_PASSWORD, or v1) and admin (SCRAM and PLAIN), not started yet.
kafka_create() {
  local dir=$1
  mkdir -p "$dir"
  kafka_logged "$dir/create.log" kafka_certificates "$dir/tls"
  printf 'gw=%s\nadmin=admin-secret\n' "${EG_KAFKA_GW_PASSWORD:-v1}" >"$dir/plain-users.properties"
  kafka_choose_ports
  kafka_write_settings "$dir"
  kafka_write_log_settings "$(kafka_log_settings_of "$dir")" out
  kafka_logged "$dir/create.log" kafka_format "$dir"
  kafka_write_env "$dir"
}

kafka_pid() { cat "$1/broker.pid" 2>/dev/null || true; }

kafka_running() { process_alive "$(kafka_pid "$1")" && ! process_gone "$(kafka_pid "$1")"; }

# With EG_KAFKA_IMAGE (deploy/kafka) the broker runs in a container on the host's network, with the same folder at the same place.
kafka_container() {
  rm -f "$1/broker.cid"
  printf '%s\n' docker run --rm --network host --cidfile "$1/broker.cid" --user "$(id -u):$(id -g)" --volume "$1:$1" \
    --volume "$(kafka_handler_folder):$(kafka_handler_folder):ro" --entrypoint "" "$EG_KAFKA_IMAGE"
}

# kafka_container_pid folder: of the broker as this machine sees it.
kafka_container_pid() {
  local pid
  pid=$(docker inspect -f '{{.State.Pid}}' "$(cat "$1/broker.cid")") && [ "$pid" -gt 0 ] && printf '%s\n' "$pid" >"$1/broker.pid"
}

kafka_launch() {
  local dir=$1 runner=() flags libs=$KAFKA_LIBS
  mapfile -t flags < <(kafka_jvm_flags "$dir")
  [ ! -f "$dir/broker.log" ] || cat "$dir/broker.log" >>"$dir/broker.earlier.log"
  : >"$dir/broker.log" # before the launch: readiness is read from this file
  if [ -n "${EG_KAFKA_IMAGE:-}" ]; then
    mapfile -t runner < <(kafka_container "$dir")
    libs=/opt/kafka/libs
  fi
  (
    close_inherited
    exec setsid ${runner[@]+"${runner[@]}"} java -Xms256m -Xmx512m -Djava.awt.headless=true -Dkafka.logs.dir="$dir/logs" \
      "$(kafka_logging_flag "$(kafka_log_settings_of "$dir")")" ${flags[@]+"${flags[@]}"} -cp "$libs/*:$(kafka_handler_folder)" kafka.Kafka "$dir/server.properties" >>"$dir/broker.log" 2>&1 </dev/null
  ) &
  printf '%s\n' "$!" >"$dir/broker.pid"
  [ -z "${EG_KAFKA_IMAGE:-}" ] || wait_for 30 kafka_container_pid "$dir"
}

kafka_settled() { grep -q 'Kafka Server started' "$1/broker.log" || ! kafka_running "$1"; }

kafka_ready() { kafka_running "$1" && grep -q 'Kafka Server started' "$1/broker.log"; }

# kafka_start dir: creates the broker at the first call; later calls start it with the same data, users and ports.
kafka_start() {
  local dir=$1
  kafka_check_version_of "$dir"
  kafka_prepare
  kafka_running "$dir" && return 0
  [ -f "$dir/kafka.env" ] || { rm -rf "$dir/data" && kafka_create "$dir"; }
  kafka_launch "$dir"
  wait_for "$KAFKA_READY_SECONDS" kafka_settled "$dir" || true
  kafka_ready "$dir" && return 0
  printf 'the broker was not ready within %s s; its log (%s) ends with:\n' "$KAFKA_READY_SECONDS" "$dir/broker.log" >&2
  tail -n 30 "$dir/broker.log" >&2
  kafka_stop "$dir"
  return 1
}

kafka_stop() {
  local pid
  pid=$(kafka_pid "$1")
  stop_process "$pid" 30
  rm -f "$1/broker.pid"
}

kafka_kill() {
  local pid
  pid=$(kafka_pid "$1")
  process_alive "$pid" && kill -KILL "$pid"
  wait_for 10 process_gone "$pid"
  rm -f "$1/broker.pid"
}

kafka_address() { (. "$1/kafka.env" && printf '%s' "${!2}"); }

# kafka_topic dir name partitions
kafka_topic() {
  kafka_tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$(kafka_address "$1" EG_KAFKA_PLAINTEXT)" \
    --create --if-not-exists --topic "$2" --partitions "${3:-4}" --replication-factor 1
}

# kafka_scram_password dir user password mechanism: one mechanism, since Kafka refuses two changes of a user in one request.
kafka_scram_password() {
  local command
  command=$(kafka_class org.apache.kafka.tools.ConfigCommand kafka.admin.ConfigCommand)
  kafka_tool "$command" --bootstrap-server "$(kafka_address "$1" EG_KAFKA_PLAINTEXT)" --alter --entity-type users \
    --entity-name "$2" --add-config "${4:-SCRAM-SHA-512}=[password=$3]"
}

# kafka_quota dir user bytes: that the user may produce in a second.
kafka_quota() {
  local command
  command=$(kafka_class org.apache.kafka.tools.ConfigCommand kafka.admin.ConfigCommand)
  kafka_tool "$command" --bootstrap-server "$(kafka_address "$1" EG_KAFKA_PLAINTEXT)" --alter --entity-type users \
    --entity-name "$2" --add-config "producer_byte_rate=$3"
}

# kafka_plain_password dir user password: the next login reads the file.
kafka_plain_password() {
  local users=$1/plain-users.properties
  { grep -v "^$2=" "$users" || true; printf '%s=%s\n' "$2" "$3"; } >"$users.new"
  mv "$users.new" "$users"
}

# kafka_client_settings dir user password: a Java client's settings for SASL_SSL with SCRAM-SHA-512, on standard output.
kafka_client_settings() {
  cat <<CONF
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="$2" password="$3";
ssl.truststore.type=PEM
ssl.truststore.location=$1/tls/ca.pem
isolation.level=read_committed
CONF
}

# kafka_consume dir settings-file topic idle-milliseconds option…: Kafka's own console consumer from the beginning: partition, offset, key
# and value of each record, parted by tabs. Ends when nothing came for that long, or as its options say.
kafka_consume() {
  local dir=$1 settings=$2 topic=$3 idle=$4 property properties=()
  shift 4
  for property in print.key print.partition print.offset; do properties+=("$(kafka_property_option)" "$property=true"); done
  kafka_tool org.apache.kafka.tools.consumer.ConsoleConsumer --bootstrap-server "$(kafka_address "$dir" EG_KAFKA_SASL_SSL)" \
    "$(kafka_settings_option)" "$settings" --topic "$topic" --from-beginning --timeout-ms "$idle" "${properties[@]}" "$@"
}
