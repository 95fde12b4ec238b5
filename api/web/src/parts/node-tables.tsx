import type { NodeAnswer } from '@dentryscope/contracts';
import { bytes, count } from '../format.js';

export function HooksTable({ hooks }: Pick<NodeAnswer, 'hooks'>) {
  if (hooks.length === 0)
    return <p class="none">This node sends no hooks: nothing is counted per cgroup there.</p>;
  return (
    <table class="small">
      <caption>Hooks</caption>
      <thead>
        <tr>
          <th scope="col">Hook</th>
          <th scope="col">Backend</th>
          <th scope="col">Per cgroup</th>
          <th scope="col" class="number">
            Missed
          </th>
          <th scope="col">Why no better</th>
        </tr>
      </thead>
      <tbody>
        {hooks.map(({ hook, backend, perCgroup, includesPseudo, missed, reason }) => (
          <tr key={hook}>
            <th scope="row">{hook}</th>
            <td>{backend ?? <span class="bad">not attached</span>}</td>
            <td>
              {perCgroup ? 'yes' : 'no'}
              {includesPseudo && (
                <small title="Pipes and sockets can't be told from names"> with pipes, sockets</small>
              )}
            </td>
            <td class="number">{count(missed)}</td>
            <td class="reason">{reason ?? '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function SlabTable({ caches }: { readonly caches: NodeAnswer['slabCaches'] }) {
  if (caches.length === 0)
    return <p class="none">This node sends no slab caches: /proc/slabinfo is for root alone.</p>;
  return (
    <table class="small">
      <caption>Slab caches</caption>
      <thead>
        <tr>
          <th scope="col">Cache</th>
          <th scope="col" class="number">
            Active
          </th>
          <th scope="col" class="number">
            Objects
          </th>
          <th scope="col" class="number">
            Size
          </th>
        </tr>
      </thead>
      <tbody>
        {caches.map(({ name, activeObjects, totalObjects, objectBytes }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="number">{count(activeObjects)}</td>
            <td class="number">{count(totalObjects)}</td>
            <td class="number">{bytes(Number(totalObjects) * Number(objectBytes))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
