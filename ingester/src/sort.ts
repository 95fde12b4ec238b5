/** Which messages can be used, and why the others can't. */
import { checkBatch, decodeWindow } from '@dentryscope/contracts';
import type { WindowBatch, WindowMemory } from '@dentryscope/contracts';
import { messageOf } from '@dentryscope/transport';
import type { Received } from '@dentryscope/transport';
import type { ReasonClass } from './metrics.js';

export interface Good {
  readonly received: Received;
  readonly batch: WindowBatch;
}

export interface Bad {
  readonly received: Received;
  readonly reasonClass: ReasonClass;
  /** One sentence for whoever reads the dead letter. */
  readonly reason: string;
}

/** Keeps the order of both. Never throws, whatever the bytes. @param memory of the good ones' columns */
export function sortMessages(
  messages: readonly Received[],
  memory?: WindowMemory,
): { good: Good[]; bad: Bad[] } {
  const good: Good[] = [];
  const bad: Bad[] = [];
  for (const received of messages) {
    const read = readMessage(received, memory);
    if ('batch' in read) good.push(read);
    else bad.push(read);
  }
  return { good, bad };
}

function readMessage(received: Received, memory: WindowMemory | undefined): Good | Bad {
  let batch: WindowBatch;
  try {
    batch = decodeWindow(received.value, memory);
  } catch (error) {
    return { received, reasonClass: 'unreadable', reason: `it is no NodeBatch: ${messageOf(error)}` };
  }
  const reason = checkBatch(batch);
  return reason === undefined ? { received, batch } : { received, reasonClass: 'invalid', reason };
}
