import { backplaneChannels } from './backplane-channels.mjs'
import { backplaneLatency } from './backplane-latency.mjs'
import { backplaneThroughput } from './backplane-throughput.mjs'
import { broadcast } from './broadcast.mjs'
import { bursts } from './bursts.mjs'
import { encoding } from './encoding.mjs'
import { filters } from './filters.mjs'
import { frameworks } from './frameworks.mjs'
import { heartbeats } from './heartbeats.mjs'
import { idleMemory } from './idle-memory.mjs'
import { latency } from './latency.mjs'
import { newStreams } from './new-streams.mjs'
import { replay } from './replay.mjs'
import { shutdown } from './shutdown.mjs'
import { slowPath } from './slow-path.mjs'
import { stalledReaders } from './stalled-readers.mjs'

/** All rows of the bench, in the order of the page. @type {readonly import('./row.mjs').Row[]} */
export const rows = [
  broadcast,
  frameworks,
  slowPath,
  bursts,
  filters,
  latency,
  newStreams,
  heartbeats,
  encoding,
  replay,
  idleMemory,
  stalledReaders,
  shutdown,
  backplaneThroughput,
  backplaneLatency,
  backplaneChannels,
]
