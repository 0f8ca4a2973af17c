import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../test/support/command.ts';

test('a log that cannot be written stops nothing', async () => {
  const program = `
    import { openLog } from ${JSON.stringify(join(import.meta.dirname, 'log.ts'))};
    const log = openLog();
    for (let i = 0; i < 3; i++) log.info({}, 'draining');
    console.log('went on');
  `;
  const command = '"$0" --input-type=module-typescript -e "$1" 2> /dev/full';
  const { code, stdout } = await runCommand('bash', ['-c', command, process.execPath, program]);
  assert.deepEqual([code, stdout], [0, 'went on\n']);
});
