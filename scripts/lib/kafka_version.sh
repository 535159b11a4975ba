# SPDX-License-Identifier: Apache-2.0
# Sourced by kafka.sh: which release of Apache Kafka is in use, and all that differs between releases, 3.9 to 4.4: the library that logs, names
# of classes, names of options. EG_KAFKA_VERSION chooses the release of a new broker; a folder keeps the one that it was made with.
# Sets KAFKA_VERSION, KAFKA_LIBS and KAFKA_TOOL_LOG. Fails: a release that is none, or not that of a folder, ends the script with the remedy.
# shellcheck shell=bash

KAFKA_DEFAULT_VERSION=4.4.0

# kafka_use_version version: whose jars, tools and settings all that follows takes.
kafka_use_version() {
  KAFKA_VERSION=$1
  [[ $1 =~ ^[34]\.[0-9]{1,3}\.[0-9]{1,3}$ ]] && kafka_at_least 3.9.0 ||
    die "EG_KAFKA_VERSION is a release of Apache Kafka from 3.9 on, such as $KAFKA_DEFAULT_VERSION, not '$1'"
  KAFKA_LIBS=$EG_CACHE/kafka-$KAFKA_VERSION/libs
  KAFKA_TOOL_LOG=$EG_CACHE/kafka-$KAFKA_VERSION/tools-$(kafka_logging).properties
}

# kafka_at_least version: is the release that is in use this one or a later one?
kafka_at_least() { printf '%s\n%s\n' "$1" "$KAFKA_VERSION" | sort -C -V; }

# Releases before 4.0 log with the first log4j.
kafka_logging() { if kafka_at_least 4.0.0; then printf log4j2; else printf log4j; fi; }

kafka_logging_jars() {
  if [ "$(kafka_logging)" = log4j ]; then
    printf '%s\n' org.slf4j:slf4j-reload4j:1.7.36
  else
    printf '%s\n' org.apache.logging.log4j:log4j-slf4j-impl:2.25.4 org.apache.logging.log4j:log4j-core:2.25.4
  fi
}

# kafka_logging_flag settings-file: what tells a JVM of it.
kafka_logging_flag() {
  if [ "$(kafka_logging)" = log4j ]; then printf -- '-Dlog4j.configuration=file:%s' "$1"; else printf -- '-Dlog4j2.configurationFile=%s' "$1"; fi
}

# kafka_use_version_of dir: of the broker that was made there, since a release reads no data of a later one. Without a broker nothing changes.
kafka_use_version_of() {
  local made
  [ -f "$1/kafka.env" ] || return 0
  made=$(sed -n 's/^EG_KAFKA_VERSION=//p' "$1/kafka.env")
  [ -z "$made" ] || kafka_use_version "$made"
}

# kafka_check_version_of dir: the same, and ends the script when another release was asked for.
kafka_check_version_of() {
  kafka_use_version_of "$1"
  [ "${EG_KAFKA_VERSION:-$KAFKA_VERSION}" = "$KAFKA_VERSION" ] ||
    die "the broker in $1 is of Kafka $KAFKA_VERSION and cannot become $EG_KAFKA_VERSION: name another folder, or remove that one"
}

# kafka_class name…: the first of these classes that the jars hold: tools move between packages from release to release.
kafka_class() {
  local name
  for name in "$@"; do
    # A jar lists the names of its files in plain bytes.
    if grep -qaF "${name//.//}.class" "$KAFKA_LIBS"/kafka*.jar 2>/dev/null; then
      printf '%s' "$name"
      return 0
    fi
  done
  die "none of the classes $* is in the jars of $KAFKA_LIBS: remove that folder, and scripts/kafka start fetches them again"
}

# kafka_write_log_settings file out|err: what goes to that stream of a process.
kafka_write_log_settings() { "kafka_$(kafka_logging)_settings" "$2" >"$1"; }

kafka_log4j2_settings() {
  cat <<CONF
status = error
appender.out.type = Console
appender.out.name = out
appender.out.target = SYSTEM_${1^^}
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.started.name = kafka.server.KafkaRaftServer
logger.started.level = info
CONF
}

kafka_log4j_settings() {
  cat <<CONF
log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.target=System.$1
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{HH:mm:ss.SSS} %-5p %c{1} %m%n
log4j.logger.kafka.server.KafkaRaftServer=INFO
CONF
}

# Options of the console consumer, named otherwise before 4.2.
kafka_settings_option() { if kafka_at_least 4.2.0; then printf -- --command-config; else printf -- --consumer.config; fi; }

kafka_property_option() { if kafka_at_least 4.2.0; then printf -- --formatter-property; else printf -- --property; fi; }

kafka_use_version "${EG_KAFKA_VERSION:-$KAFKA_DEFAULT_VERSION}"
