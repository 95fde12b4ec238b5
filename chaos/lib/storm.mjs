/** Faults at random: who, when, how, and for how long. Several at once; a process that has one gets no other. */
import { setTimeout as sleep } from 'node:timers/promises';

const BETWEEN_MS = { least: 50, most: 1500 };
const DOWN_MS = { least: 0, most: 3000 };
const HELD_MS = { least: 100, most: 5000 };
/** Longer than the group waits for a member (10 s): its partitions go to another, and it comes back believing in them. */
const HELD_LONG_MS = { least: 11_000, most: 16_000 };
const HELD_LONG_OF_HELD = 1 / 6;
/** Of SIGKILLs. */
const HELD_OF_KILLS = 1 / 3;
/** How often a kind is met, beside the others. */
const weights = { agent: 3, ingester: 3, broker: 2, store: 2, standalone: 4 };

const within = (random, { least, most }) => Math.round(least + random() * (most - least));

function pick(random, actors) {
  let at = random() * actors.reduce((sum, { kind }) => sum + weights[kind], 0);
  return actors.find(({ kind }) => (at -= weights[kind]) < 0) ?? actors.at(-1);
}

async function kill(actor, downMs) {
  await actor.kill('SIGKILL');
  await sleep(downMs);
  await actor.start();
}

async function hold(actor, heldMs) {
  actor.signal('SIGSTOP');
  await sleep(heldMs);
  actor.signal('SIGCONT');
}

/**
 * @param actors with kind, kill(signal), signal(signal) and start()
 * @param kills how many SIGKILLs; @param onFault told of each fault
 * @returns counts by kind and act
 */
export async function storm({ actors, kills, random, onFault, signal }) {
  const busy = new Map();
  const counts = {};
  for (let killed = 0; killed < kills && !signal.aborted;) {
    await sleep(within(random, BETWEEN_MS));
    const idle = actors.filter((actor) => !busy.has(actor));
    if (idle.length === 0) {
      await Promise.race(busy.values());
      continue;
    }
    const actor = pick(random, idle);
    const holds = random() < HELD_OF_KILLS / (1 + HELD_OF_KILLS);
    const long = random() < HELD_LONG_OF_HELD;
    const ms = within(random, holds ? (long ? HELD_LONG_MS : HELD_MS) : DOWN_MS);
    if (!holds) killed += 1;
    const act = holds ? 'held' : 'killed';
    counts[actor.kind] ??= { killed: 0, held: 0 };
    counts[actor.kind][act] += 1;
    onFault({ name: actor.name, act, ms, killed });
    const fault = (holds ? hold : kill)(actor, ms).finally(() => busy.delete(actor));
    fault.catch(() => {}); // told by the race or the end
    busy.set(actor, fault);
  }
  await Promise.all(busy.values());
  return counts;
}
