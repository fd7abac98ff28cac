import { spawnSync } from 'node:child_process'
import { cpus, loadavg, release } from 'node:os'
import { createRequire } from 'node:module'
import { GENERATOR } from './load.ts'
import type { Options } from './options.ts'

function firstLine (command: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return `${stdout ?? ''}${stderr ?? ''}`.split('\n')[0] ?? ''
}

const versionOf = (name: string): string => (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version // every package has one

/** What a figure says nothing without: the machine, the versions, what else was running. */
export function describeEnvironment ({ rounds, nodeFlags }: Options): string {
  const processors = cpus()
  const changed = firstLine('git', ['status', '--porcelain', '--untracked-files=no']) === '' ? '' : ', with changes'
  return [
    `Node ${process.version}${nodeFlags.map((flag) => ` ${flag}`).join('')}, Linux ${release()}, ${processors.length} x ${processors[0]?.model ?? 'unknown'}`,
    `${rounds} rounds; commit ${firstLine('git', ['rev-parse', '--short', 'HEAD'])}${changed}; load ${loadavg().map((load) => load.toFixed(2)).join(' ')}`,
    `load by ${GENERATOR}; ${firstLine('nginx', ['-v']) || 'no nginx'}; express ${versionOf('express')}, multer ${versionOf('multer')}, cloudinary ${versionOf('cloudinary')}, fastify ${versionOf('fastify')}`
  ].join('\n')
}

/** Anything above this on an otherwise idle machine is somebody else's work, and shows in the figures. */
export function isBusy (): boolean { return (loadavg()[0] ?? 0) > 0.5 }
