import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ErrorSpec } from '../src/base/index.ts';

/**
 * Writes docs/errors.md from the tables in every folder's errors.ts, so that no code is missing
 * from it. `node tools/errors-doc.ts` after a change; a test compares the two.
 */
export async function errorsDocument(): Promise<string> {
  const sections = [];
  for (const file of errorFiles()) {
    const specs = await specsOf(file);
    if (specs.length > 0) sections.push(section(dirname(relative(root, file)), specs));
  }
  return `${[preface, ...sections].join('\n\n')}\n`;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const preface = `# Error codes

Codes are permanent: programs may switch on them. A message says what happened, then what to do;
\`{name}\` stands for a value of the error's detail. Made by \`node tools/errors-doc.ts\`.`;

function errorFiles(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /(^|\/)(errors|error-codes)\.ts$/.test(name))
    .sort()
    .map((name) => join(root, 'src', name));
}

async function specsOf(file: string): Promise<[string, ErrorSpec][]> {
  const module: Record<string, unknown> = await import(pathToFileURL(file).href);
  return Object.values(module)
    .filter((value): value is Record<string, ErrorSpec> => typeof value === 'object' && !!value)
    .flatMap((table) => Object.entries(table))
    .filter(([code, spec]) => /^[A-Z][A-Z0-9_]+$/.test(code) && typeof spec.message === 'string');
}

function section(folder: string, specs: [string, ErrorSpec][]): string {
  const rows = specs.map(([code, spec]) => `| \`${code}\` | ${cell(spec.message)} |`);
  return [`## \`${folder}\``, '', '| code | message |', '| --- | --- |', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '\\<');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, 'docs/errors.md'), await errorsDocument());
}
