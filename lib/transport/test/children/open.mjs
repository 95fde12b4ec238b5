import { openEmbeddedLog, openKafkaConsumer, openKafkaPublisher } from '@dentryscope/transport';

/** spec: { directory } or { brokers, partitions }, with what the options take beside it. */
export function openAny(spec) {
  if (spec.directory === undefined)
    return {
      publisher: () => openKafkaPublisher(spec),
      consumer: (options) => openKafkaConsumer({ ...spec, ...options }),
    };
  return openEmbeddedLog(spec);
}
