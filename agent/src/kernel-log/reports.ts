/** Stall reports out of the kernel log's lines. */
import { causeOf } from './cause.js';
import type { Cause } from './cause.js';
import { parseHead } from './heads.js';
import type { Head } from './heads.js';
import type { LogRecord } from './records.js';
import { StackReader } from './stack.js';

export interface Report extends Head {
  /** When it was printed, by the log's clock. */
  readonly timeNs: bigint;
  readonly message: string;
  readonly stack: readonly string[];
  readonly cause: Cause;
}

/** A report of all CPUs' stacks is longer; its first stack is near its head. */
const MAX_LINES = 200;
/** The RCU grace-period thread's own stack, which is not the stall's. */
const notItsStack = /kthread (starved|timer wakeup)|kthread stack dump/;

interface Pending {
  readonly head: Head;
  readonly timeNs: bigint;
  readonly message: string;
  readonly stack: StackReader;
  lines: number;
  cpu: number | undefined;
  comm: string | undefined;
  pid: number | undefined;
}

/** Two CPUs that print at once mix their lines: a stack then goes to the report that began last. */
export class ReportReader {
  #pending: Pending | undefined;

  /** @returns the report that this line ends, if it ends one */
  add(record: LogRecord): Report | undefined {
    const head = parseHead(record.text);
    if (head) return this.#begin(head, record);
    const pending = this.#pending;
    if (!pending) return undefined;
    pending.lines += 1;
    if (notItsStack.test(record.text)) return this.flush();
    readWho(pending, record.text);
    pending.stack.add(record.text);
    return pending.stack.ended || pending.lines >= MAX_LINES ? this.flush() : undefined;
  }

  /** What is there of the report that has not ended. */
  flush(): Report | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    if (!pending) return undefined;
    const { head, timeNs, message, cpu, comm, pid, stack } = pending;
    return {
      ...head,
      ...(cpu === undefined ? {} : { cpu }),
      ...(comm === undefined ? {} : { comm }),
      ...(pid === undefined ? {} : { pid }),
      timeNs,
      message,
      stack: stack.frames,
      cause: causeOf(stack.frames),
    };
  }

  #begin(head: Head, { timeNs, text }: LogRecord): Report | undefined {
    const before = this.flush();
    const { cpu, comm, pid } = head;
    this.#pending = { head, timeNs, message: text, stack: new StackReader(), lines: 0, cpu, comm, pid };
    return before;
  }
}

/** `CPU: 0 PID: 133 Comm: umount Not tainted`, with a UID since 6.12; the head of an RCU stall names neither. */
function readWho(pending: Pending, text: string): void {
  const listed = /^(?:rcu: )?\t(\d+)-\S*: \(/.exec(text);
  if (listed) pending.cpu ??= Number(listed[1]);
  const who = /^CPU: (\d+) (?:UID: \d+ )?PID: (\d+) Comm: (.*?) (?:Kdump: \w+ )?(?:Not t|T)ainted/.exec(text);
  if (!who) return;
  pending.cpu ??= Number(who[1]);
  pending.pid ??= Number(who[2]);
  pending.comm ??= who[3];
}
