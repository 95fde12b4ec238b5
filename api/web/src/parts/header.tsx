import { useNow } from '../data/poll.js';
import { ranges } from '../data/selection.js';
import type { Selection } from '../data/selection.js';
import { age } from '../format.js';

interface HeaderProps {
  readonly selection: Selection;
  readonly choose: (selection: Selection) => void;
  readonly receivedAt: number | undefined;
  readonly failing: boolean;
}

function Freshness({ receivedAt, failing }: Pick<HeaderProps, 'receivedAt' | 'failing'>) {
  const now = useNow();
  const state = failing ? 'failing' : 'live';
  const text = receivedAt === undefined ? 'no figures yet' : `${age(now - receivedAt)} old`;
  return (
    <p class={`freshness ${state}`}>
      <span class="dot" aria-hidden="true" />
      <strong>{failing ? 'not live' : 'live'}</strong> {text}
    </p>
  );
}

function RangeChoice({ selection, choose }: Pick<HeaderProps, 'selection' | 'choose'>) {
  return (
    <fieldset class="ranges">
      <legend class="hidden">How far back</legend>
      {ranges.map((range) => (
        <label key={range}>
          <input
            type="radio"
            name="range"
            checked={selection.range === range}
            onChange={() => choose({ ...selection, range })}
          />
          <span>{range}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Header({ selection, choose, receivedAt, failing }: HeaderProps) {
  return (
    <header class="top">
      <h1>
        dentryscope <small>who fills the dentry cache</small>
      </h1>
      <Freshness receivedAt={receivedAt} failing={failing} />
      <RangeChoice selection={selection} choose={choose} />
      <a href="docs">API</a>
    </header>
  );
}
