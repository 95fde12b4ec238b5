import type { TargetedSubmitEvent } from 'preact';
import type { Failure } from '../data/poll.js';
import { token } from '../data/client.js';

interface TokenPromptProps {
  readonly failure: Failure;
  readonly use: (token: string) => void;
}

export function TokenPrompt({ failure, use }: TokenPromptProps) {
  const refused = token.get() !== '';
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('token') ?? '').trim();
    if (text !== '') use(text);
  };
  return (
    <form class="token" onSubmit={submit}>
      <h2>This API wants a token</h2>
      {refused && (
        <p class="bad" role="alert">
          {failure.detail}
        </p>
      )}
      <label for="token">Token with the scope read</label>
      <div class="row">
        <input id="token" name="token" type="password" autocomplete="off" required autofocus />
        <button type="submit">Use it</button>
      </div>
      <p class="note">It stays in this tab and is forgotten when the tab is closed.</p>
    </form>
  );
}
