/** The agent: kernel → windows → spool → transport. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { batchKey } from '@dentryscope/contracts/wire';
import type { Settings } from '@dentryscope/contracts';
import { CgroupTree } from '@dentryscope/identity';
import type { Logger, Part, Registry } from '@dentryscope/runtime';
import type { Publisher } from '@dentryscope/transport';
import { Admission } from './admission.js';
import { Exposition } from './exposition.js';
import type { PodLabels } from './exposition.js';
import { openKernel } from './kernel.js';
import { decodeNotes, encodeNotes } from './notes.js';
import { Sampler, encodeWindow } from './sampler.js';
import type { NodeFacts } from './sampler.js';
import { Sender } from './sender.js';
import { openSpool } from './spool.js';
import type { Spool } from './spool.js';
import type { Kernel } from './signal.js';
import { millisecondsSinceBoot } from './monotonic.js';
import { WindowClock, untilBoundaryMs } from './window-clock.js';

/** The kernel's ring holds 1,795 births and deaths; a look at it costs a wake-up, which is most of an idle agent's work. */
const CGROUP_POLL_MS = { least: 100, most: 1_000 };
const CLOSE_GRACE_MS = 5_000;

export interface AgentOptions {
  readonly settings: Settings;
  readonly version: string;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly publisher: Publisher;
  /** Names of a container or a pod, where somebody watches pods. */
  readonly nameOf?: (ids: { containerId: string; podUid: string }) => PodLabels | undefined;
  /** The transport will never take a window again (standard output is closed). */
  readonly onFatal: (error: Error) => void;
}

const noPod: PodLabels = { namespace: '', pod: '', container: '' };

export class Agent {
  readonly #clock: WindowClock;
  readonly #timers: NodeJS.Timeout[] = [];
  #spoolProblem: string | undefined;
  #closing: Promise<void> | undefined;
  #packing: Promise<void> | undefined;
  #ended = false;

  private constructor(
    private readonly options: AgentOptions,
    private readonly spool: Spool,
    private readonly kernel: Kernel,
    private readonly sampler: Sampler,
    private readonly sender: Sender,
    private readonly exposition: Exposition,
  ) {
    this.#clock = new WindowClock(spool.lastWindowEndMs);
  }

  /** @throws SettingError, or an Error that names the setting, where the spool can't be opened */
  static async start(options: AgentOptions): Promise<Agent> {
    const { settings, logger, publisher, registry } = options;
    const facts = readFacts(settings, options.version);
    const spool = openSpool({
      directory: join(settings.dataDir, 'spool'),
      maxBytes: settings.spoolMaxBytes,
      bootId: facts.bootId,
      firstSeq: millisecondsSinceBoot(),
      onDamaged: (err, windows) =>
        logger.error({ err, windows }, 'windows in the spool are damaged, and lost'),
    });
    const tree = await CgroupTree.open({ procRoot: settings.procRoot, cgroupRoot: settings.cgroupRoot });
    const notes = decodeNotes(spool.notes);
    const kernel = await openKernel(settings, tree, facts.kernelRelease, logger, notes);
    const lives = (id: bigint) => tree.lookup(id)?.removed === false;
    const { maxCgroups, newCgroupsPerHour } = settings;
    const admission = new Admission({ maxCgroups, newCgroupsPerHour, lives });
    const sampler = new Sampler(facts, kernel, tree, admission);
    const sender = new Sender(spool, publisher, {
      key: batchKey(facts),
      drainPerSecond: settings.spoolDrainPerSecond,
      logger,
      onFatal: options.onFatal,
    });
    const labelsOf = (id: bigint) => {
      const info = tree.lookup(id);
      return (info && options.nameOf?.(info)) ?? noPod;
    };
    const standing = { spoolWindows: () => spool.size, foldedCgroups: () => admission.folded() };
    const exposition = new Exposition(registry, labelsOf, standing);
    const agent = new Agent(options, spool, kernel, sampler, sender, exposition);
    agent.#run();
    return agent;
  }

  parts(): Part[] {
    const hooks = this.kernel.signals.flatMap((signal) => signal.hooks());
    const unattached = hooks.filter(({ backend }) => backend === null);
    const spool = this.#spoolProblem;
    return [
      { name: 'transport', ...this.sender.status() },
      { name: 'spool', ok: spool === undefined, ...(spool === undefined ? {} : { detail: spool }) },
      // A kernel that refuses BPF leaves node-level figures: degraded, and told as such, but ready.
      {
        name: 'kernel',
        ok: true,
        ...(unattached.length ? { detail: `not measured: ${unattached.map((h) => h.hook).join(', ')}` } : {}),
      },
    ];
  }

  /** Ends the window in hand, sends what it can, and leaves the rest in the spool. */
  async close(): Promise<void> {
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#closing;
    for (const signal of this.kernel.signals) signal.finish?.();
    await this.#closeWindow();
    await this.#packing;
    await this.sender.close(CLOSE_GRACE_MS);
    for (const signal of this.kernel.signals) signal.close();
    this.spool.close();
  }

  #run(): void {
    this.sender.start();
    this.#pollCgroups(CGROUP_POLL_MS.most);
    this.#schedule();
    this.options.logger.info({ window: this.options.settings.window, parts: this.parts() }, 'agent started');
  }

  /** Where something happens more is about to. */
  #pollCgroups(afterMs: number): void {
    if (this.#ended) return;
    const { least, most } = CGROUP_POLL_MS;
    this.#timers[0] = setTimeout(() => {
      const events = this.sampler.pollCgroups();
      this.#pollCgroups(events > 0 ? least : Math.min(2 * afterMs, most));
    }, afterMs);
  }

  #schedule(): void {
    if (this.#ended) return;
    const untilEndMs = untilBoundaryMs(Date.now(), this.options.settings.window);
    this.#timers[1] = setTimeout(() => {
      this.#closing = this.#closeWindow().finally(() => this.#schedule());
    }, untilEndMs);
  }

  /** A window that can't be spooled goes on: its counts stay in the kernel and come with the next attempt. */
  async #closeWindow(): Promise<void> {
    try {
      await this.sampler.prepare();
      const times = this.#clock.now();
      const sample = this.sampler.take(times, this.spool.windowsLost);
      const besides = { endMs: times.endMs, notes: encodeNotes(sample.notes) };
      const kept = this.spool.append((seq) => ({ ...encodeWindow(sample.init, seq), ...besides }));
      sample.keep();
      this.#clock.advance(times);
      this.#spoolProblem = undefined;
      this.exposition.record(kept.batch);
    } catch (error) {
      this.#spoolProblem = (error as Error).message;
      this.options.logger.error({ err: error }, 'the window could not be spooled and goes on');
    }
    this.sender.notify();
    this.#packing ??= this.#pack().finally(() => (this.#packing = undefined));
  }

  /** Room for more: what fails by it is told, and tried again with the next window. */
  async #pack(): Promise<void> {
    try {
      while (!this.#ended && (await this.spool.pack()));
    } catch (error) {
      this.options.logger.warn({ err: error }, 'windows in the spool could not be packed');
    }
  }
}

function readFacts(settings: Settings, agentVersion: string): NodeFacts {
  const read = (path: string) => readFileSync(join(settings.procRoot, path), 'utf8').trim();
  return {
    cluster: settings.cluster,
    node: settings.node!,
    bootId: read('sys/kernel/random/boot_id'),
    kernelRelease: read('sys/kernel/osrelease'),
    agentVersion,
    procRoot: settings.procRoot,
  };
}
