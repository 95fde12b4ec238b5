/** Puts tables into a page between its marks; the rest of the page is written by hand. */
import { readFileSync, writeFileSync } from 'node:fs';
import { section } from './tables.mjs';

const begin = (name) => `<!-- bench:kernel ${name} -->`;
const end = (name) => `<!-- end of ${name} -->`;

function replaced(page, name, text) {
  const [from, to] = [page.indexOf(begin(name)), page.indexOf(end(name))];
  if (from < 0 || to < from) throw new Error(`the page has no ${begin(name)} with its end`);
  return `${page.slice(0, from + begin(name).length)}\n${text}\n${page.slice(to)}`;
}

export function updatePage(path, results) {
  let page = readFileSync(path, 'utf8');
  for (const [name, result] of Object.entries(results)) page = replaced(page, name, section(name, result));
  writeFileSync(path, page);
}
