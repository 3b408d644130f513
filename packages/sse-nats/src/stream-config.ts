import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import type { Settings } from './options.js'
import type { Subjects } from './subjects.js'

/** The server must recognise a repeated publish for longer than it may be repeated. */
const MIN_DUPLICATE_WINDOW_MS = 30_000

/** The configuration of a new stream. */
export function streamConfig(
  { stream, maxEvents, maxAgeMs, maxBytes, storage, replicas, timeoutMs }: Settings,
  subjects: Subjects,
): Partial<StreamConfig> & Pick<StreamConfig, 'name'> {
  const windowMs = Math.min(maxAgeMs, Math.max(MIN_DUPLICATE_WINDOW_MS, 3 * timeoutMs))
  return {
    name: stream,
    description: 'The channels of @ssekit/sse-nats',
    subjects: subjects.stored,
    republish: subjects.republish,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    storage: storage === 'file' ? StorageType.File : StorageType.Memory,
    num_replicas: replicas,
    allow_direct: true,
    max_msgs_per_subject: unlimited(maxEvents, -1),
    max_bytes: unlimited(maxBytes, -1),
    max_age: nanos(unlimited(maxAgeMs, 0)),
    duplicate_window: nanos(windowMs),
  }
}

function unlimited(limit: number, none: number): number {
  return Number.isFinite(limit) ? Math.ceil(limit) : none
}
