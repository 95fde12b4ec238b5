/** Everything that knows kafkajs lies in this folder. */
import { TransportError } from '../types.js';
import type { Consumer, Publisher } from '../types.js';
import type { KafkaConsumerOptions, KafkaPublisherOptions } from './options.js';
export type { KafkaConsumerOptions, KafkaPublisherOptions } from './options.js';

export function openKafkaPublisher(_options: KafkaPublisherOptions): Publisher {
  throw new TransportError('DENTRYSCOPE_TRANSPORT=kafka is not built yet.', false);
}

export function openKafkaConsumer(_options: KafkaConsumerOptions): Consumer {
  throw new TransportError('DENTRYSCOPE_TRANSPORT=kafka is not built yet.', false);
}
