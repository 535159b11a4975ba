#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What scripts/kafka says and how it ends, with a java that answers by script as Kafka's tools do. The tools themselves and a broker
# run in the walk-through of the README.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

ERROR_LINE='03:15:17.760 ERROR ConsoleConsumer Error processing message, terminating consumer process: '

# broker: a folder as that of a running broker, and `java` first on the path: it keeps its arguments, prints $scratch/says and, on
# standard error, $scratch/complains. The "broker" is this test's own process.
broker() {
  mkdir -p "$scratch/kafka" "$scratch/bin"
  printf '%s\n' "$BASHPID" >"$scratch/kafka/broker.pid"
  printf 'EG_KAFKA_PLAINTEXT=127.0.0.1:1\nEG_KAFKA_SASL_PLAINTEXT=127.0.0.1:2\nEG_KAFKA_SASL_SSL=127.0.0.1:3\n' >"$scratch/kafka/kafka.env"
  touch "$scratch/says" "$scratch/complains"
  printf '#!/bin/sh\nprintf "%%s\\n" "$@" >"%s/arguments"\ncat "%s/says"\ncat "%s/complains" >&2\n' "$scratch" "$scratch" "$scratch" >"$scratch/bin/java"
  chmod +x "$scratch/bin/java"
  PATH=$scratch/bin:$PATH
}

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
  expect_text "$(tr '\n' ' ' <"$scratch/arguments")" " --timeout-ms 7000 "
  expect_text "$(tr '\n' ' ' <"$scratch/arguments")" " --max-messages 3 "
  read=1 complains
  run kafka consume patients admin admin-secret
  expect_code 0
  expect_text "$(tr '\n' ' ' <"$scratch/arguments")" " --timeout-ms 60000 "
  expect_text "$(tr '\n' ' ' <"$scratch/arguments")" " --max-messages 1 "
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
  expect_text "$out" "a broker runs in $scratch/kafka already"
  expect_text "$out" "SASL_SSL 127.0.0.1:3,"
  expect_text "$out" "$scratch/kafka/kafka.env"
}

run_tests
