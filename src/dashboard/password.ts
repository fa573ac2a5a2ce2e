import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { RateLimiterMemory } from 'rate-limiter-flexible';

const WRONG_PER_MINUTE = 10; // a person mistypes a few times; at this rate a guesser needs years for a poor password

/** The answer to wrong credentials, and to any credentials while their address is out of attempts. */
class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly statusCode: 401 | 429;

  constructor(statusCode: 401 | 429, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

// Digests have one length, so that the comparison takes the same time whatever was typed.
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Returns the check of user name and password. An address with 10 wrong ones in a minute is refused until the minute is
 * over, even with the right ones, as a guesser would learn from the difference. Behind a proxy all share its address.
 */
export function passwordCheck(username: string, password: string) {
  const expected = [digest(username), digest(password)] as const;
  const wrong = new RateLimiterMemory({ points: WRONG_PER_MINUTE, duration: 60 });
  return async (user: string, pass: string, { ip }: FastifyRequest): Promise<void> => {
    // Counted before it is compared, with nothing awaited in between: requests of one packet are checked side by side.
    const counted = wrong.consume(ip);
    const userOk = timingSafeEqual(digest(user), expected[0]);
    const passOk = timingSafeEqual(digest(pass), expected[1]);
    const right = userOk && passOk;
    const givenBack = right ? wrong.reward(ip) : undefined;
    try {
      await counted;
    } catch {
      throw new AccessError(429, 'too many wrong passwords: wait a minute');
    }
    await givenBack;
    if (!right) throw new AccessError(401, 'wrong user name or password');
  };
}
