/** The InfluxDB that takes it: a bucket a round, what it stored, what it spent. */
import { setTimeout as sleep } from 'node:timers/promises';
import { InfluxDB } from '@influxdata/influxdb-client';
import { TICK_MS, cpuMsOf } from '../lib/processor-time.mjs';

const LOOK_EVERY_MS = 250;
const IDLE_LIMIT_MS = 60_000;

export class Influx {
  #orgId;

  constructor(server) {
    this.server = server;
  }

  /** Made empty, used, and taken away again. @returns what `use` gives */
  async withBucket(name, use) {
    const { org } = this.server;
    this.#orgId ??= (await this.#ask('GET', `orgs?org=${org}`)).orgs[0].id;
    const { id } = await this.#ask('POST', 'buckets', { orgID: this.#orgId, name, retentionRules: [] });
    await this.#idle();
    try {
      return await use(name);
    } finally {
      await this.#ask('DELETE', `buckets/${id}`);
    }
  }

  /** Processor time of influxd since its start, in milliseconds. */
  cpuMs() {
    return cpuMsOf(this.server.pid);
  }

  /** Of each field of cgroups and nodes the number of its values, and of cgroups their sum. */
  async stored(bucket) {
    const { url, org, token } = this.server;
    const api = new InfluxDB({ url, token, timeout: 120_000 }).getQueryApi(org);
    const of = (measurement, compute) =>
      api.collectRows(
        `from(bucket: "${bucket}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "${measurement}") ` +
          `|> ${compute}() |> group(columns: ["_field"]) |> sum()`,
      );
    const asked = [of('cgroup', 'count'), of('cgroup', 'sum'), of('node', 'count')];
    const rows = (await Promise.all(asked)).map((rows) => rows.map(({ _field, _value }) => [_field, _value]));
    return JSON.stringify(rows.map((found) => found.sort()));
  }

  /** What it owes from before (compaction, a deleted bucket, its collector) is no part of the next round. */
  async #idle() {
    const untilMs = performance.now() + IDLE_LIMIT_MS;
    for (let before = this.cpuMs(); performance.now() < untilMs;) {
      await sleep(LOOK_EVERY_MS);
      const now = this.cpuMs();
      if (now - before <= TICK_MS) return;
      before = now;
    }
    throw new Error(`influxd is not idle within ${IDLE_LIMIT_MS / 1000} s`);
  }

  async #ask(method, path, body) {
    const { url, token } = this.server;
    const headers = { authorization: `Token ${token}` };
    const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
    const response = await fetch(`${url}/api/v2/${path}`, init);
    const said = await response.text();
    if (!response.ok) throw new Error(`InfluxDB says ${response.status} ${said}`);
    return said === '' ? undefined : JSON.parse(said);
  }
}
