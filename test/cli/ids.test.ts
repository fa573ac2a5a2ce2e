import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { idsOfFile } from '../../src/cli/ids.ts';

const never = new AbortController().signal;

async function read(text: string): Promise<string[]> {
  const file = join(mkdtempSync(join(tmpdir(), 'faxwatch-ids-')), 'ids');
  writeFileSync(file, text);
  const read: string[] = [];
  for await (const entry of idsOfFile(file, never))
    read.push('id' in entry ? entry.id : `${entry.where}: ${entry.problem}`);
  return read;
}

describe('a file of ids', () => {
  it('has one a line; blank lines and comments are passed over', async () => {
    expect(await read('# today\n200\n\n  a-3  \r\n   \n  # and more\n201')).toEqual(['200', 'a-3', '201']);
  });

  it('may be CSV: the header says where the ids are, and other columns are passed over', async () => {
    expect(await read('\ufefffaxJobId,patient\r\n200,"Smith, John"\r\n"201",\r\n')).toEqual(['200', '201']);
    expect(await read('invoice;Fax Job ID\nA-17;200\n')).toEqual(['200']);
    expect(await read('name\tjob_id\nx\t200\n')).toEqual(['200']);
    expect(await read('# made by hand\nid\n200\n')).toEqual(['200']);
  });

  it('spoils no line by another: a bad one is named with its number', async () => {
    expect(await read('faxJobId,name\n200,"never closed\n201,x\n202\n203,a"b"\n204,y\n')).toEqual([
      'line 2: a quote is not closed on this line',
      '201',
      'line 4: 1 columns, but the header has 2',
      'line 5: misplaced quote',
      '204',
    ]);
    expect(await read('200,x\n201\n')).toEqual([
      'line 1: more than one column: add a header, such as faxJobId,invoice',
      '201',
    ]);
  });

  it('that cannot be read is a plain error', async () => {
    await expect(idsOfFile('/nowhere', never).next()).rejects.toMatchObject({ name: 'CommandError', exitCode: 66 });
    await expect(idsOfFile(tmpdir(), never).next()).rejects.toMatchObject({ name: 'CommandError', exitCode: 66 });
  });
});
