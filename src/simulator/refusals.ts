import type { SimulatedAnswer } from './fate.ts';

export const UNAUTHORIZED: SimulatedAnswer = { code: 401, body: { status: 'failed', message: 'Unauthorized' } };
export const RATE_LIMITED: SimulatedAnswer = { code: 403, body: { status: 'failed', message: 'Rate limit exceeded' } };
export const NOT_FOUND: SimulatedAnswer = { code: 404, body: { status: 'failed', message: 'Resource not found' } };
