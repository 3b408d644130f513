import { forge } from './probes/forging.mjs'
import { backpressure, limit, paused, release } from './probes/pressure.mjs'
import { channels, gap, resume } from './probes/resume.mjs'
import { shutdown } from './probes/shutdown.mjs'
import { accept, compression, fetchApi, head, headRequest, heartbeat } from './probes/wire.mjs'

/**
 * The rows of the table in order. The cells of a row without a probe come from `claims`, or from the package.
 *
 * @type {readonly { id: string, title: string, probe?: import('./probes/wire.mjs').Probe }[]}
 */
export const rows = [
  { id: 'version', title: 'Version' },
  { id: 'fits', title: 'Made for' },
  { id: 'fetch', title: 'Fetch API: `Request` in, `Response` out', probe: fetchApi },
  { id: 'head', title: 'Headers go out before the first event', probe: head },
  { id: 'resume', title: 'Sends missed events after `Last-Event-ID`', probe: resume },
  { id: 'gap', title: 'Tells the client when missed events are gone', probe: gap },
  { id: 'channels', title: 'Several channels on one stream', probe: channels },
  { id: 'paused', title: 'Held in memory for a reader that stops reading while 25 MB are broadcast', probe: paused },
  { id: 'backpressure', title: 'Streams an async iterable at its reader’s pace', probe: backpressure },
  { id: 'release', title: 'Calls the iterable’s `return()` on disconnect, even while it is waiting', probe: release },
  { id: 'forge', title: 'Line breaks cannot forge an event', probe: forge },
  { id: 'compression', title: 'Events arrive through compression middleware', probe: compression },
  { id: 'headRequest', title: '`HEAD` is answered and ends', probe: headRequest },
  { id: 'accept', title: '`Accept` negotiation (406)', probe: accept },
  { id: 'heartbeat', title: 'Heartbeat by default, every', probe: heartbeat },
  { id: 'limit', title: 'Limits the number of connections', probe: limit },
  { id: 'shutdown', title: 'Ends its streams on shutdown', probe: shutdown },
  { id: 'processes', title: 'One channel over several processes' },
  { id: 'types', title: 'TypeScript types' },
  { id: 'dependencies', title: 'Packages installed, and their size' },
  { id: 'node', title: 'Node' },
]
