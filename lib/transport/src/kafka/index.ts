/** Everything that knows kafkajs lies in this folder. */
export { openKafkaPublisher } from './publisher.js';
export { openKafkaConsumer } from './consumer.js';
export type { KafkaConsumerOptions, KafkaOptions, KafkaPublisherOptions } from './options.js';
export type { KafkaLogin, KafkaSecurity, KafkaTls } from './security.js';
export { kafkaExtents } from './extents.js';
