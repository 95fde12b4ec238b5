/** How windows travel: a part of the settings in settings.ts. */
import { choice, optional, setting } from './setting.js';
import type { Command, Setting } from './setting.js';

const transporting: Command[] = [
  'standalone',
  'agent',
  'ingester',
  'simulate',
  'publish',
  'tail',
  'deadletter',
];

export const transportSettings = {
  transport: choice(
    'TRANSPORT',
    ['embedded', 'kafka', 'stdout'],
    'embedded',
    transporting,
    'Where windows go: the log in the data directory, Kafka, or standard output as canonical JSON.',
  ),
  kafkaBrokers: setting(
    'list',
    'KAFKA_BROKERS',
    '127.0.0.1:9092',
    transporting,
    'Kafka brokers, host:port with commas.',
  ),
  kafkaTls: choice('KAFKA_TLS', ['off', 'on'], 'off', transporting, 'TLS to the Kafka brokers.'),
  kafkaTlsCaFile: optional(
    'path',
    'KAFKA_TLS_CA_FILE',
    transporting,
    "PEM file of the authorities that may have signed the brokers' certificates; those that Node knows where unset.",
  ),
  kafkaTlsCertFile: optional(
    'path',
    'KAFKA_TLS_CERT_FILE',
    transporting,
    'PEM file of our own certificate, for brokers that ask for one (mutual TLS).',
  ),
  kafkaTlsKeyFile: optional('path', 'KAFKA_TLS_KEY_FILE', transporting, 'PEM file of the key to it.'),
  kafkaSaslMechanism: choice(
    'KAFKA_SASL_MECHANISM',
    ['off', 'scram-sha-512', 'scram-sha-256', 'plain'],
    'off',
    transporting,
    'How to log in to the Kafka brokers; plain only with TLS.',
  ),
  kafkaSaslUsername: optional(
    'text',
    'KAFKA_SASL_USERNAME',
    transporting,
    'User that logs in to the Kafka brokers.',
  ),
  kafkaSaslPasswordFile: optional(
    'path',
    'KAFKA_SASL_PASSWORD_FILE',
    transporting,
    'File that holds the password of that user. Read again with every new session, as the files of TLS are.',
  ),
  kafkaGroup: setting('text', 'KAFKA_GROUP', 'dentryscope-ingester', ['ingester'], 'Kafka consumer group.'),
  kafkaPartitions: setting(
    'integer',
    'KAFKA_PARTITIONS',
    '12',
    ['agent', 'ingester', 'simulate', 'publish'],
    'Partitions of a topic that has to be made.',
    1,
  ),
} as const satisfies Record<string, Setting>;
