import type { Failure } from '../data/poll.js';
import { POLL_MS, useNow } from '../data/poll.js';
import { age, clock } from '../format.js';

interface FailureBannerProps {
  readonly failure: Failure;
  /** When the figures came that are still shown. */
  readonly since: number | undefined;
}

const sentences: Record<Failure['kind'], (detail: string) => string> = {
  unreachable: () => 'The API does not answer.',
  problem: (detail) => `The API can’t answer: ${detail}`,
  page: (detail) => `A fault in this page: ${detail}.`,
  token: (detail) => detail,
};

export function FailureBanner({ failure, since }: FailureBannerProps) {
  const now = useNow();
  const shown = since === undefined ? '' : ` These figures are of ${clock(since)}, ${age(now - since)} old.`;
  return (
    <p class="banner" role="alert">
      <strong>{sentences[failure.kind](failure.detail)}</strong>
      {shown} Trying again every {POLL_MS / 1000} s.
    </p>
  );
}

/** What the figures lack: open where it is little, one line where it is much. */
export function Missing({ sentences }: { readonly sentences: readonly string[] }) {
  if (sentences.length === 0) return null;
  return (
    <details class="missing">
      <summary>
        {sentences.length === 1 ? '1 thing is' : `${sentences.length} things are`} missing from these figures
      </summary>
      <ul>
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </details>
  );
}
