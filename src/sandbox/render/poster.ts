import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Component } from '../transformation/parser.ts'
import { notImitated, SandboxError } from '../errors.ts'
import type { ByteSource } from './job.ts'

const TIMEOUT_MS = 20_000
const MAX_BYTES = 200 * 1024 * 1024

/** Finds the ffmpeg program; the process that starts the sandbox knows its PATH, the sandbox does not. */
export type FindFfmpeg = () => string | undefined

/**
 * One frame of a video as PNG; `so_` says which, else the first.
 * @throws {SandboxError} 400 when there is no ffmpeg or it finds no frame.
 */
export async function posterOf (video: ByteSource, durationSeconds: number | undefined, components: readonly Component[], findFfmpeg: FindFfmpeg): Promise<ByteSource> {
  const ffmpeg = findFfmpeg()
  if (ffmpeg === undefined) throw notImitated('a poster of a video without ffmpeg on the PATH')
  const offset = components.map((component) => component.get('so')).findLast((value) => value !== undefined) ?? '0'
  const seconds = offset.endsWith('p') ? Number(offset.slice(0, -1)) / 100 * (durationSeconds ?? 0) : Number(offset) || 0
  return withPath(video, (path) => new Promise((resolve, reject) => {
    // Only local files: a playlist must not make ffmpeg open addresses.
    const options = ['-v', 'error', '-protocol_whitelist', 'file,pipe', '-ss', String(seconds), '-i', path, '-frames:v', '1', '-f', 'image2pipe', '-c:v', 'png', '-']
    execFile(ffmpeg, options, { encoding: 'buffer', timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_BYTES }, (error, stdout) => {
      if (error || stdout.length === 0) reject(new SandboxError(400, 'Video has no frame to make an image of'))
      else resolve({ bytes: stdout })
    })
  }))
}

/** ffmpeg has to jump about in the file, so bytes in memory become one for as long as it runs. */
async function withPath<T> (source: ByteSource, use: (path: string) => Promise<T>): Promise<T> {
  if ('path' in source) return use(source.path)
  const path = join(tmpdir(), `sandbox-poster-${randomBytes(12).toString('hex')}`)
  try {
    await writeFile(path, source.bytes, { flag: 'wx', mode: 0o600 })
    return await use(path)
  } finally {
    await rm(path, { force: true })
  }
}
