import { broadcast } from './broadcast.mjs'
import { idleMemory } from './idle-memory.mjs'
import { newStreams } from './new-streams.mjs'

/** What the bench does, in the order of the page. @type {readonly import('./row.mjs').Row[]} */
export const rows = [broadcast, newStreams, idleMemory]
