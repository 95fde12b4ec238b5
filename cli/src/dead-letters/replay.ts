/** Dead letters back to the topics they came from. */
import { topics } from '@dentryscope/contracts';
import { messageOf, openPublisher, replayOf, topicExtents } from '@dentryscope/transport';
import type { DeadLetter, Publisher } from '@dentryscope/transport';
import type { Context } from '../command.js';
import { isRefused, publishPatiently } from '../patience.js';
import { transportOptions } from '../transport.js';
import { told } from './read.js';
import { Repeats } from './repeats.js';
import { nameOf } from './show.js';

const TELL_EVERY_MS = 2000;

/** Said once a topic, not once a letter. */
const absent = Symbol('the topic is not there');

interface Sound {
  readonly letter: DeadLetter;
  readonly topic: string;
}

export class Replay {
  readonly #repeats = new Repeats();
  readonly #topicIsThere = new Map<string, boolean>();
  #publisher: Publisher | undefined;
  #toldAtMs = Date.now();
  replayed = 0;
  repeated = 0;
  impossible = 0;

  /** @param show what is done with a letter instead of replaying it */
  constructor(
    private readonly context: Context,
    private readonly show?: (letter: DeadLetter) => Promise<void>,
  ) {}

  async take(letters: readonly DeadLetter[]): Promise<void> {
    const sound = await this.#sound(letters);
    if (this.show) for (const { letter } of sound) await this.show(letter);
    else for (const [topic, group] of byTopic(sound)) await this.#publish(topic, group);
    if (this.show) this.replayed += sound.length;
    this.#tell();
  }

  async #sound(letters: readonly DeadLetter[]): Promise<Sound[]> {
    const sound: Sound[] = [];
    for (const letter of letters) {
      const obstacle = await this.#obstacle(letter);
      if (obstacle === absent) this.impossible++;
      else if (obstacle !== undefined) this.#cannot(letter, obstacle);
      else if (this.#repeats.has(letter)) this.repeated++;
      else sound.push({ letter, topic: letter.from!.topic });
    }
    return sound;
  }

  /** @returns why it can't be replayed */
  async #obstacle({ from, cutFromBytes, value }: DeadLetter): Promise<string | typeof absent | undefined> {
    if (!from) return 'it does not say which topic, partition and offset it came from';
    if (cutFromBytes !== undefined)
      return `it was cut: of its ${cutFromBytes} bytes only the first ${value.length} were kept`;
    if (from.topic === topics.deadLetter) return 'it came from the dead-letter topic itself';
    if (!(await this.#isThere(from.topic))) return absent;
    return undefined;
  }

  async #isThere(topic: string): Promise<boolean> {
    const known = this.#topicIsThere.get(topic);
    if (known !== undefined) return known;
    const { settings, logger } = this.context;
    const extents = await told(() => topicExtents(settings, topic, transportOptions(logger, 'deadletter')));
    this.#topicIsThere.set(topic, extents !== undefined);
    if (!extents)
      process.stderr.write(
        `there is no topic ${JSON.stringify(topic)} on ${settings.transport} to put dead letters back to: make it, then replay again\n`,
      );
    return extents !== undefined;
  }

  async #publish(topic: string, group: readonly Sound[]): Promise<void> {
    try {
      const messages = group.map(({ letter }) => replayOf(letter));
      await publishPatiently(await this.#open(), topic, messages, this.context.lifecycle.signal);
      this.replayed += group.length;
    } catch (error) {
      if (!isRefused(error)) throw error;
      // One that the transport never takes must not keep its neighbours.
      if (group.length > 1) for (const one of group) await this.#publish(topic, [one]);
      else this.#cannot(group[0]!.letter, messageOf(error));
    }
  }

  async #open(): Promise<Publisher> {
    if (this.#publisher) return this.#publisher;
    const { settings, logger, lifecycle } = this.context;
    const publisher = await told(() => openPublisher(settings, transportOptions(logger, 'deadletter')));
    lifecycle.onClose('publisher', () => publisher.close());
    return (this.#publisher = publisher);
  }

  #cannot(letter: DeadLetter, why: string): void {
    this.impossible++;
    process.stderr.write(`${nameOf(letter)} can't be replayed: ${why}\n`);
  }

  #tell(): void {
    if (this.show || Date.now() - this.#toldAtMs < TELL_EVERY_MS) return;
    this.#toldAtMs = Date.now();
    process.stderr.write(`${this.replayed} dead letters replayed so far\n`);
  }
}

/** In their order, which is that of their keys too. */
function byTopic(sound: readonly Sound[]): ReadonlyMap<string, readonly Sound[]> {
  const groups = new Map<string, Sound[]>();
  for (const one of sound) if (!groups.get(one.topic)?.push(one)) groups.set(one.topic, [one]);
  return groups;
}
