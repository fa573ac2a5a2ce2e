import { readFileSync, writeFileSync } from 'node:fs';
import { withSettingsLines, withSettingsTable } from './settings-docs.ts';

// npm run docs:settings

const README = new URL('../../README.md', import.meta.url);
const EXAMPLE = new URL('../../.env.example', import.meta.url);
writeFileSync(README, withSettingsTable(readFileSync(README, 'utf8')));
writeFileSync(EXAMPLE, withSettingsLines(readFileSync(EXAMPLE, 'utf8')));
