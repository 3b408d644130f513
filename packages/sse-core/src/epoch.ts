import { randomBytes } from 'node:crypto'

/** A short id that is new per log, so that an id of a dead process is *unknown* here, never *wrong*. */
export function newEpoch(): string {
  return randomBytes(9).toString('base64url').replaceAll('-', '.')
}
