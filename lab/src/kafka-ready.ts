import { Kafka, logLevel } from 'kafkajs';

const PROBE_TIMEOUT_MS = 2_000;

/** The broker is known to its own controller, and every partition it had before a restart has a leader again. */
export async function answersMetadata(address: string): Promise<void> {
  const options = { clientId: 'lab-probe', logLevel: logLevel.NOTHING, retry: { retries: 0 } };
  const times = { connectionTimeout: PROBE_TIMEOUT_MS, requestTimeout: PROBE_TIMEOUT_MS };
  const admin = new Kafka({ brokers: [address], ...options, ...times }).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    if (brokers.length === 0) throw new Error('the broker is still fenced');
    await admin.fetchTopicMetadata();
  } finally {
    await admin.disconnect();
  }
}
