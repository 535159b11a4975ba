#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What scripts/kafka says and how it ends, with a java that answers by script as Kafka's tools do. The tools themselves and a broker
# run in the walk-through of the README.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

ERROR_LINE='03:15:17.760 ERROR ConsoleConsumer Error processing message, terminating consumer process: '

# broker: a folder as that of a running broker, and `java` first on the path: it keeps its arguments, prints $scratch/says and, on
# standard error, $scratch/complains. The "broker" is this test's own process. The cache is empty but for the jars that a test puts there.
broker() {
  export XDG_CACHE_HOME=$scratch/cache
  unset EG_KAFKA_VERSION EG_KAFKA_DIR
  jars_hold "$(default_version)" org/apache/kafka/tools/ConfigCommand.class
  mkdir -p "$scratch/kafka" "$scratch/bin"
  printf '%s\n' "$BASHPID" >"$scratch/kafka/broker.pid"
  printf 'EG_KAFKA_PLAINTEXT=127.0.0.1:1\nEG_KAFKA_SASL_PLAINTEXT=127.0.0.1:2\nEG_KAFKA_SASL_SSL=127.0.0.1:3\n' >"$scratch/kafka/kafka.env"
  touch "$scratch/says" "$scratch/complains"
  printf '#!/bin/sh\nprintf "%%s\\n" "$@" >"%s/arguments"\ncat "%s/says"\ncat "%s/complains" >&2\n' "$scratch" "$scratch" "$scratch" >"$scratch/bin/java"
  chmod +x "$scratch/bin/java"
  PATH=$scratch/bin:$PATH
}

default_version() { sed -n 's/^KAFKA_DEFAULT_VERSION=//p' "$EG_ROOT/scripts/lib/kafka_version.sh"; }

# jars_hold version class-file…: jars of that release, as far as a look for their classes goes.
jars_hold() {
  local libs=$XDG_CACHE_HOME/embergate/kafka-$1/libs
  mkdir -p "$libs"
  printf 'PK\x01\x02%s\n' "${@:2}" >"$libs/kafka-tools-$1.jar"
}

# made_with version: the broker's folder says so.
made_with() { printf 'EG_KAFKA_VERSION=%s\n' "$1" >>"$scratch/kafka/kafka.env"; }

# arguments: of java, in one line.
arguments() { tr '\n' ' ' <"$scratch/arguments"; }

kafka() { "$EG_ROOT/scripts/kafka" "$@" --dir "$scratch/kafka"; }

# complains line…: after them the tool's own sum of $read records.
complains() { printf '%s\n' "$@" "Processed a total of $read messages" >"$scratch/complains"; }

test_consume_prints_the_records_alone_and_says_how_many_they_were() {
  broker
  printf 'Partition:0\tOffset:0\tp1\t{}\nPartition:0\tOffset:1\tp1\t{}\n' >"$scratch/says"
  read=2 complains 'The consumer rebalance protocol (KIP-848) is production-ready!'
  run kafka consume patients admin admin-secret 2
  expect_code 0
  expect_same "$out" "$(cat "$scratch/says")"
  expect_text "$err" "read 2 records of topic patients"
  expect_no_text "$err" "KIP-848"
}

test_consume_waits_for_as_many_records_as_are_wanted_and_for_one_without_a_number() {
  broker
  read=3 complains
  run kafka consume patients admin admin-secret 3 7
  expect_code 0
  expect_text "$(arguments)" " --timeout-ms 7000 "
  expect_text "$(arguments)" " --max-messages 3 "
  read=1 complains
  run kafka consume patients admin admin-secret
  expect_code 0
  expect_text "$(arguments)" " --timeout-ms 60000 "
  expect_text "$(arguments)" " --max-messages 1 "
  expect_text "$err" "read 1 record of topic patients"
}

test_consume_fails_with_a_sentence_when_fewer_came() {
  broker
  read=1 complains "$ERROR_LINE" org.apache.kafka.common.errors.TimeoutException
  run kafka consume patients admin admin-secret 2
  expect_code 1
  expect_text "$err" "error: read 1 of 2 records of topic patients: no more came for 60 s"
  expect_no_text "$err" Exception
}

test_consume_says_whose_password_the_broker_refused() {
  broker
  read=0 complains "$ERROR_LINE" 'org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed'
  run kafka consume patients gw old
  expect_code 1
  expect_text "$err" "read 0 of 1 record of topic patients: the broker refused the password of user gw"
  expect_no_text "$err" Exception
}

test_consume_says_that_there_is_no_such_topic() {
  broker
  read=0 complains 'WARN  NetworkClient recoverable issue with correlation id 2 : {absent=UNKNOWN_TOPIC_OR_PARTITION}' "$ERROR_LINE" \
    org.apache.kafka.common.errors.TimeoutException
  run kafka consume absent admin admin-secret
  expect_code 1
  expect_text "$err" "the broker has no topic absent: scripts/kafka topic absent"
}

test_consume_shows_how_the_tool_ended_when_it_is_for_another_reason() {
  broker
  printf 'Error: Could not find or load main class\n' >"$scratch/complains"
  run kafka consume patients admin admin-secret
  expect_code 1
  expect_text "$err" "Kafka's consumer ended with: Error: Could not find or load main class"
}

test_consume_leaves_no_file_with_the_password_behind() {
  broker
  read=1 complains
  mkdir "$scratch/tmp"
  TMPDIR=$scratch/tmp run kafka consume patients admin admin-secret
  expect_code 0
  expect_same "$(ls -A "$scratch/tmp")" ""
}

test_consume_refuses_what_is_no_number() {
  broker
  run kafka consume patients admin admin-secret all
  expect_code 1
  expect_text "$err" "RECORDS is a whole number from 1 on, not 'all'"
}

# expect_begins_and_ends first: what is begun stands before all that the tool says, the addresses after it.
expect_begins_and_ends() {
  expect_code 0
  expect_text "$(head -n 1 <<<"$out")" "$1: usually "
  expect_text "$(sed -n 2p <<<"$out")" "the tool's own line"
  expect_text "$(tail -n 1 <<<"$out")" "SASL_SSL 127.0.0.1:3, SASL_PLAINTEXT 127.0.0.1:2, without login 127.0.0.1:1"
}

test_topic_says_what_it_begins_how_long_that_takes_and_where_kafka_listens() {
  broker
  echo "the tool's own line" >"$scratch/says"
  run kafka topic patients
  expect_begins_and_ends "making topic patients"
}

test_scram_password_says_what_it_begins_how_long_that_takes_and_where_kafka_listens() {
  broker
  echo "the tool's own line" >"$scratch/says"
  run kafka scram-password gw a-new-password SCRAM-SHA-256
  expect_begins_and_ends "setting the password of user gw (SCRAM-SHA-256)"
  expect_no_text "$out$err" a-new-password
}

test_start_says_that_a_broker_runs_already_and_where_it_listens() {
  broker
  run kafka start
  expect_code 0
  expect_text "$out" "a broker of Kafka $(default_version) runs in $scratch/kafka already"
  expect_text "$out" "SASL_SSL 127.0.0.1:3,"
  expect_text "$out" "$scratch/kafka/kafka.env"
}

test_scram_password_runs_the_class_that_the_jars_of_the_release_hold() {
  broker
  run kafka scram-password gw a-new-password
  expect_code 0
  expect_text "$(arguments)" " org.apache.kafka.tools.ConfigCommand --bootstrap-server "
  made_with 4.0.2
  jars_hold 4.0.2 org/apache/kafka/tools/TopicCommand.class kafka/admin/ConfigCommand.class
  run kafka scram-password gw a-new-password
  expect_code 0
  expect_text "$(arguments)" " kafka.admin.ConfigCommand --bootstrap-server "
}

test_scram_password_says_which_jars_lack_the_class() {
  broker
  jars_hold "$(default_version)" org/apache/kafka/tools/TopicCommand.class
  run kafka scram-password gw a-new-password
  expect_code 1
  expect_text "$err" "none of the classes org.apache.kafka.tools.ConfigCommand kafka.admin.ConfigCommand is in the jars of $XDG_CACHE_HOME"
  expect_no_text "$out$err" a-new-password
}

# expect_consumer version log-flag settings-option property-option
expect_consumer() {
  printf 'EG_KAFKA_PLAINTEXT=127.0.0.1:1\nEG_KAFKA_SASL_SSL=127.0.0.1:3\n' >"$scratch/kafka/kafka.env"
  made_with "$1"
  read=1 complains
  run kafka consume patients admin admin-secret
  expect_code 0
  expect_text "$(arguments)" " $2$XDG_CACHE_HOME/embergate/kafka-$1/tools-"
  expect_text "$(arguments)" "/kafka-$1/libs/* org.apache.kafka.tools.consumer.ConsoleConsumer "
  expect_text "$(arguments)" " $3 "
  expect_text "$(arguments)" " $4 print.key=true "
}

test_tools_are_called_as_the_release_of_the_broker_names_its_options() {
  broker
  expect_consumer 3.9.2 -Dlog4j.configuration=file: --consumer.config --property
  expect_consumer 4.0.2 -Dlog4j2.configurationFile= --consumer.config --property
  expect_consumer 4.2.0 -Dlog4j2.configurationFile= --command-config --formatter-property
  expect_consumer 4.10.0 -Dlog4j2.configurationFile= --command-config --formatter-property
}

test_start_refuses_to_make_another_release_of_a_broker() {
  broker
  made_with 4.0.2
  EG_KAFKA_VERSION=3.9.2 run kafka start
  expect_code 1
  expect_text "$err" "the broker in $scratch/kafka is of Kafka 4.0.2 and cannot become 3.9.2: name another folder"
  EG_KAFKA_VERSION=4.0.2 run kafka start
  expect_code 0
  expect_text "$out" "a broker of Kafka 4.0.2 runs in $scratch/kafka already"
}

test_a_version_that_is_no_release_is_refused() {
  broker
  local version
  for version in 4 latest 3.8.1 2.9.0 5.0.0 4.0.2/.. ; do
    EG_KAFKA_VERSION=$version run kafka start
    expect_code 1
    expect_text "$err" "EG_KAFKA_VERSION is a release of Apache Kafka from 3.9 on, such as $(default_version), not '$version'"
  done
}

test_the_container_has_the_default_release() {
  local artifact
  for artifact in kafka_2.13 kafka-tools; do
    expect_text "$(cat "$EG_ROOT/deploy/kafka/pom.xml")" "<artifactId>$artifact</artifactId><version>$(default_version)</version>"
  done
}

run_tests
