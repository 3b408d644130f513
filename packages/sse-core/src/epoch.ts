import { randomBytes } from 'node:crypto'

/** Returns a short random id for a new log, so that an id from a dead process is *unknown* here, never *wrong*. */
export function newEpoch(): string {
  return randomBytes(9).toString('base64url').replaceAll('-', '.')
}
