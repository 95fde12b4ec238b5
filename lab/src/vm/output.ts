import { Transform, type TransformCallback } from 'node:stream';

/**
 * Passes a guest's stream on up to the token that marks its end; keeps back only what may be the token's beginning.
 * `complete` tells whether the token was seen.
 */
export class UntilToken extends Transform {
  complete = false;
  private held = Buffer.alloc(0);

  constructor(private readonly token: Buffer) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.complete) return done();
    const all = Buffer.concat([this.held, chunk]);
    this.complete = all.subarray(-this.token.length).equals(this.token);
    const kept = this.complete ? this.token.length : beginningOf(this.token, all);
    this.held = all.subarray(all.length - kept);
    if (all.length > kept) this.push(all.subarray(0, all.length - kept));
    if (this.complete) this.push(null);
    done();
  }

  /** The guest was cut off: what was kept back was data. */
  override _flush(done: TransformCallback): void {
    if (!this.complete && this.held.length > 0) this.push(this.held);
    done();
  }
}

/** How many of the last bytes of `data` are the first bytes of `token`. */
function beginningOf(token: Buffer, data: Buffer): number {
  for (let length = Math.min(token.length - 1, data.length); length > 0; length--)
    if (data.subarray(data.length - length).equals(token.subarray(0, length))) return length;
  return 0;
}

/**
 * On a busy host the emulator lets a processor run into a jump label that another one is just patching, as it is when
 * the system starts and when a program is attached to a tracepoint (6.12, once in some hundred boots).
 */
const STALE_JUMP_LABEL = /Oops: int3/;

/** The last lines of a console; from where the kernel says why it panics, however long its stack is. */
export class Tail {
  /** The kernel said anywhere that it ran into one. */
  staleJumpLabel = false;
  private text = '';

  add(chunk: Buffer): void {
    const text = this.text + chunk.toString('latin1');
    this.staleJumpLabel ||= STALE_JUMP_LABEL.test(text);
    this.text = text.slice(-8192);
  }

  lines(count = 40): string {
    const lines = this.text.replaceAll('\r', '').trimEnd().split('\n');
    const panic = lines.findIndex((line) => line.includes('Kernel panic'));
    const first = Math.max(0, lines.length - count);
    return lines.slice(panic < 0 ? first : Math.min(panic, first)).join('\n');
  }
}
