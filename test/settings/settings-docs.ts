import { SETTING_NAMES, SETTINGS } from '../../src/settings/table.ts';
import type { Setting } from '../../src/settings/setting.ts';

const README_BLOCK = /(<!-- settings: from .*-->\n)[^]*(<!-- settings: end -->)/;
const ENV_BLOCK = /(# settings: from .*\n)[^]*(# settings: end)/;
const COMMENT_COLUMNS = 80;

const rows = SETTING_NAMES.map((name): Setting<unknown> & { name: string } => ({ name, ...SETTINGS[name] }));

/** The README with the table of the settings as they are. */
export function withSettingsTable(readme: string): string {
  const lines = rows.map(({ name, doc, ...row }) => `| \`${name}\` | ${code(written(row.default))} | ${doc} |`);
  return replaced(
    readme,
    README_BLOCK,
    ['', '| variable | default | |', '| --- | --- | --- |', ...lines, ''].join('\n'),
  );
}

/** `.env.example` with the settings as they are: only what has to be filled in is not commented out. */
export function withSettingsLines(example: string): string {
  const paragraphs = rows.map(({ name, doc, secret, ...row }) =>
    [...comment(doc), `${secret === 'whole' ? '' : '#'}${name}=${written(row.default)}`].join('\n'),
  );
  return replaced(example, ENV_BLOCK, `\n${paragraphs.join('\n\n')}\n`);
}

function replaced(text: string, block: RegExp, content: string): string {
  if (!block.test(text)) throw new Error(`no block ${String(block)}`);
  return text.replace(block, (_all, begin: string, end: string) => `${begin}${content}\n${end}`);
}

const written = (value: unknown): string =>
  typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
const code = (text: string): string => (text === '' ? 'none' : `\`${text}\``);

/** Lines of a shell comment, without the marks of Markdown. */
function comment(doc: string): string[] {
  const lines = ['#'];
  for (const word of doc.replaceAll('`', '').split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (longer.length <= COMMENT_COLUMNS) lines[lines.length - 1] = longer;
    else lines.push(`# ${word}`);
  }
  return lines;
}
