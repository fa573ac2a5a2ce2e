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

  it('may be CSV: the header says where the ids are', async () => {
    expect(await read('\ufefffaxJobId,patient\r\n200,"Smith, John"\r\n"201",\r\n')).toEqual(['200', '201']);
    expect(await read('invoice;Fax Job ID\nA-17;200\n')).toEqual(['200']);
    expect(await read('name\tjob_id\nx\t200\n')).toEqual(['200']);
    expect(await read('# made by hand\nid\n200\n')).toEqual(['200']);
  });

  it('has deadlines in the column deadlineMs, and metadata in all others that have a name and are not empty', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'faxwatch-ids-')), 'ids');
    writeFileSync(file, 'invoice,faxJobId,Deadline_Ms,note,\nA-17,200,60000,"a, b",x\n7,201,,,\n,202,soon,,\n');
    const found: unknown[] = [];
    for await (const entry of idsOfFile(file, never)) found.push(entry);
    expect(found).toEqual([
      {
        where: 'line 2',
        id: '200',
        column: 'faxJobId',
        options: { metadata: { invoice: 'A-17', note: 'a, b' }, deadlineMs: 60_000 },
      },
      { where: 'line 3', id: '201', column: 'faxJobId', options: { metadata: { invoice: '7' } } },
      { where: 'line 4', problem: 'column Deadline_Ms: "soon": must be a positive whole number of ms' },
    ]);
    await expect(read('faxJobId,note,note\n1,a,b\n')).rejects.toMatchObject({ name: 'CommandError', exitCode: 65 });
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
