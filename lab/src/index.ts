export { startInflux, RunningInflux, type InfluxOptions } from './influx.js';
export { startKafka, RunningKafka, type KafkaOptions } from './kafka.js';
export { KAFKA_VERSIONS, type KafkaVersion } from './kafka-get.js';
export { startKubeApiserver, RunningKube, type KubeOptions } from './kube.js';
export { RunningPart } from './running.js';
export { getPart, partAvailable, PARTS, type Availability, type PartName, type PartSpec } from './parts.js';
export { requirePart } from './require.js';
export { cacheRoot } from './paths.js';
export * from './vm.js';
