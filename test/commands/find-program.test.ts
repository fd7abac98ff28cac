import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { programFinder } from '../../src/commands/find-program.ts'

t.test('the first file on the PATH that can be run', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'program-'))
  t.teardown(() => { rmSync(root, { recursive: true }) })
  const folders = ['empty', 'folder', 'text', 'real', 'later'].map((name) => join(root, name))
  for (const folder of folders) mkdirSync(folder)
  mkdirSync(join(root, 'folder', 'tool'))
  writeFileSync(join(root, 'text', 'tool'), 'x', { mode: 0o644 })
  for (const folder of ['real', 'later']) {
    writeFileSync(join(root, folder, 'tool'), '#!/bin/sh\n')
    chmodSync(join(root, folder, 'tool'), 0o755)
  }
  const find = programFinder('tool', ['', ...folders].join(delimiter))
  t.equal(find(), join(root, 'real', 'tool'))
  rmSync(join(root, 'real', 'tool'))
  t.equal(find(), join(root, 'real', 'tool'), 'looked up once')
  t.equal(programFinder('tool', join(root, 'empty'))(), undefined)
  t.equal(programFinder('tool')(), undefined, 'no PATH at all')
})
