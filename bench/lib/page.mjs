/** Puts tables into a page between its marks; the rest of the page is written by hand. */
import { readFileSync, writeFileSync } from 'node:fs';

const begin = (command, name) => `<!-- ${command} ${name} -->`;
const end = (name) => `<!-- end of ${name} -->`;

function replaced(page, command, name, text) {
  const mark = begin(command, name);
  const [from, to] = [page.indexOf(mark), page.indexOf(end(name))];
  if (from < 0 || to < from) throw new Error(`the page has no ${mark} with its end`);
  return `${page.slice(0, from + mark.length)}\n${text}\n${page.slice(to)}`;
}

/** @param command whose marks they are, and @param section (name, result): the text between them */
export function updatePage(path, command, results, section) {
  let page = readFileSync(path, 'utf8');
  for (const [name, result] of Object.entries(results))
    page = replaced(page, command, name, section(name, result));
  writeFileSync(path, page);
}
