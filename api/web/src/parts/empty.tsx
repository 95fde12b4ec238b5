export function Empty() {
  return (
    <section class="empty">
      <h2>No window has come yet</h2>
      <p>In the last 24 hours no node has sent anything. Figures appear here as soon as one does.</p>
      <ul>
        <li>
          Start an agent on a node: <code>dentryscope agent</code>
        </li>
        <li>
          Or look at one machine by itself: <code>dentryscope standalone</code>
        </li>
        <li>
          An agent runs already? Then look whether the ingester does, and whether they share a broker:{' '}
          <code>dentryscope tail</code> shows what arrives there.
        </li>
      </ul>
    </section>
  );
}
