/** What the operator of an InfluxDB does, by its own API. */
import { expect } from 'vitest';
import type { RunningInflux } from '@dentryscope/lab';

export class Operator {
  constructor(private readonly influx: RunningInflux) {}

  /** GET, or POST of a body. */
  async request(path: string, body?: object): Promise<Record<string, unknown>> {
    const { url, token } = this.influx;
    const headers = { authorization: `Token ${token}` };
    const init = body ? { method: 'POST', body: JSON.stringify(body), headers } : { headers };
    return (await (await fetch(`${url}/api/v2/${path}`, init)).json()) as Record<string, unknown>;
  }

  /** @param keepSeconds 0: for ever. @returns its id */
  async makeBucket(name: string, keepSeconds = 0): Promise<string> {
    const retentionRules = keepSeconds === 0 ? [] : [{ type: 'expire', everySeconds: keepSeconds }];
    const { id } = await this.request('buckets', { orgID: await this.#orgId(), name, retentionRules });
    return id as string;
  }

  /** A token that may do this to that bucket only. */
  async tokenFor(actions: readonly string[], bucketId: string): Promise<string> {
    const orgID = await this.#orgId();
    const resource = { type: 'buckets', id: bucketId, orgID };
    const permissions = actions.map((action) => ({ action, resource }));
    return (await this.request('authorizations', { orgID, permissions }))['token'] as string;
  }

  /** Line protocol with times in milliseconds. */
  async writeLines(bucket: string, lines: readonly string[]): Promise<void> {
    const { url, org, token } = this.influx;
    const path = `/api/v2/write?org=${org}&bucket=${bucket}&precision=ms`;
    const headers = { authorization: `Token ${token}` };
    const { status } = await fetch(url + path, { method: 'POST', headers, body: lines.join('\n') });
    expect(status).toBe(204);
  }

  /** Points of these measurements from one time to the other, both among them. */
  async delete(bucket: string, measurements: readonly string[], fromMs: number, toMs: number): Promise<void> {
    const { url, org, token } = this.influx;
    const [start, stop] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
    // A predicate knows no OR.
    for (const measurement of measurements) {
      const { status } = await fetch(`${url}/api/v2/delete?org=${org}&bucket=${bucket}`, {
        method: 'POST',
        headers: { authorization: `Token ${token}` },
        body: JSON.stringify({ start, stop, predicate: `_measurement="${measurement}"` }),
      });
      expect(status).toBe(204);
    }
  }

  /** Where there is one. */
  async deleteBucket(name: string): Promise<void> {
    const { url, token } = this.influx;
    const { buckets } = (await this.request(`buckets?name=${name}`)) as { buckets?: { id: string }[] };
    for (const { id } of buckets ?? [])
      await fetch(`${url}/api/v2/buckets/${id}`, {
        method: 'DELETE',
        headers: { authorization: `Token ${token}` },
      });
  }

  async #orgId(): Promise<string> {
    return ((await this.request(`orgs?org=${this.influx.org}`))['orgs'] as { id: string }[])[0]!.id;
  }
}
