import { Pool } from 'undici';

const CONNECTIONS = 100;
const STEP_MS = 10;

/**
 * Posts to a server at a rate, each time to another path, as somebody who guesses secrets would.
 *
 * @returns the share of the posts that were answered
 */
export async function flood(origin: string, perSecond: number, seconds: number): Promise<number> {
  const pool = new Pool(origin, { connections: CONNECTIONS });
  const [startedAt, answers] = [Date.now(), [] as Promise<boolean>[]];
  const post = async (): Promise<boolean> => {
    const path = `/callback/guess-${answers.length}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    try {
      await (await pool.request({ method: 'POST', path, headers, body: 'fax_job_id=1' })).body.dump();
      return true;
    } catch {
      return false;
    }
  };
  while (answers.length < perSecond * seconds) {
    const due = ((Date.now() - startedAt) / 1_000) * perSecond;
    while (answers.length < due) answers.push(post());
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  const answered = await Promise.all(answers);
  await pool.close();
  return answered.filter(Boolean).length / answered.length;
}
