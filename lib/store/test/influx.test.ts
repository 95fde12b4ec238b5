import { afterAll, beforeAll, describe } from 'vitest';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { openInfluxStore } from '@dentryscope/store';
import { conformance } from './conformance.js';

const missing = requirePart('influx');

describe.skipIf(missing)('InfluxDB 2.7', () => {
  let influx: RunningInflux;
  let count = 0;
  beforeAll(async () => {
    influx = await startInflux();
  });
  afterAll(() => influx?.stop());

  conformance('influx', () => {
    const { url, org, token } = influx;
    return openInfluxStore({ url, org, token, bucket: `b${count++}` });
  });
});
