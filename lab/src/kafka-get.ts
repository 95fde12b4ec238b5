import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execDownload } from './exec.js';
import type { Recipe } from './get.js';
import { archiveClasses } from './kafka-archive.js';
import { say, step } from './progress.js';

/** Apache Kafka by version: the binding that makes its slf4j calls reach a log. */
const LOGGING = {
  '3.9.1': ['org.slf4j', 'slf4j-reload4j', '1.7.36'],
  '4.1.1': ['org.apache.logging.log4j', 'log4j-slf4j-impl', '2.24.3'],
} as const;

export type KafkaVersion = keyof typeof LOGGING;
export const KAFKA_VERSIONS = Object.keys(LOGGING) as KafkaVersion[];

type Artifact = readonly [group: string, name: string, version: string];

const dependency = ([group, name, version]: Artifact): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;

const pom = (artifacts: Artifact[]): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>lab</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>${artifacts.map(dependency).join('')}</dependencies>
</project>
`;

/** log4j 1 for Kafka 3, log4j 2 for Kafka 4; each JVM reads its own and ignores the other. */
const LOG4J1 = `log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n
log4j.logger.kafka=WARN
log4j.logger.org.apache.kafka=WARN
`;
const LOG4J2 = `rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
appender.out.name=out
appender.out.type=Console
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %m (%c)%n
`;

async function build(version: KafkaVersion, dir: string, scratch: string): Promise<void> {
  writeFileSync(
    join(scratch, 'pom.xml'),
    pom([['org.apache.kafka', 'kafka_2.13', version], LOGGING[version]]),
  );
  const libs = join(dir, 'libs');
  mkdirSync(libs);
  const args = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${libs}`];
  await step(`kafka ${version}: jars by Maven`, () => execDownload('mvn', args, { cwd: scratch }));
  writeFileSync(join(dir, 'log4j.properties'), LOG4J1);
  writeFileSync(join(dir, 'log4j2.properties'), LOG4J2);
  // Without the archive the broker only starts more slowly.
  await step(`kafka ${version}: first start`, () => archiveClasses(dir)).catch((error: Error) =>
    say(`kafka ${version}: no archive of its classes: ${error.message}`),
  );
}

export const kafkaRecipe = (version: KafkaVersion): Recipe => ({
  name: 'kafka',
  version,
  builtWith: ['mvn'],
  runsWith: ['java', 'openssl'],
  build: (dir, scratch) => build(version, dir, scratch),
});
