export { startInflux, RunningInflux, type InfluxOptions } from './influx.js';
export { startKafka, RunningKafka, type KafkaOptions } from './kafka.js';
