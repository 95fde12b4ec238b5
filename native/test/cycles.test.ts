/** A thousand probes one after another: nothing stays behind, not a descriptor, not a map, not memory. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DentryProbe } from '@dentryscope/native';
import { withoutKernel } from './support.js';

const CYCLES = 1000;
const WARM_UP = 100;
/** The allocator's own: a leak of even one 16-byte string a cycle would not be seen, one map's mapping would. */
const SLACK_BYTES = 6 * 1024 * 1024;

function held() {
  const mappings = readFileSync('/proc/self/maps', 'utf8');
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    bpfMappings: mappings.split('\n').filter((line) => line.includes('bpf-map')).length,
  };
}

describe.skipIf(withoutKernel())('attach and detach', () => {
  it(`${CYCLES} times`, { timeout: 900_000 }, () => {
    let before = held();
    let rssBytes = 0;
    for (let i = 0; i < CYCLES; i++) {
      const probe = DentryProbe.open();
      expect(probe.drain().totals.allocatedAll).not.toBeNull();
      probe.live();
      probe.pollCgroupEvents();
      probe.close();
      if (i === WARM_UP) {
        globalThis.gc?.();
        before = held();
        rssBytes = process.memoryUsage.rss();
      }
    }
    globalThis.gc?.();
    expect(held()).toEqual(before);
    expect(process.memoryUsage.rss() - rssBytes).toBeLessThan(SLACK_BYTES);
  });
});
