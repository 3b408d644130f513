import { type NatsConnection, PermissionViolationError } from '@nats-io/transport-node'

/** What servers say where a connection or an account has `max_subscriptions`; not of which subscription. */
const TOO_MANY_SUBSCRIPTIONS = /maximum subscriptions exceeded/i

export interface ConnectionListener {
  readonly onDisconnect: () => void
  readonly onReconnect: () => void
  /** For good. */
  readonly onClose: () => void
  /** The user may not publish to a subject; what was published to it is not answered. */
  readonly onRefused: (subject: string, error: Error) => void
  /** The server has refused a subscription that it was asked for a moment ago. */
  readonly onTooManySubscriptions: (error: Error) => void
}

const watched = new WeakMap<NatsConnection, Set<ConnectionListener>>()

/**
 * Hears what becomes of a connection, until the function that it returns is called. All who do so share one reader of its
 * status, which the client has no way to give back: it lasts as long as the connection.
 */
export function watchConnection(connection: NatsConnection, listener: ConnectionListener): () => void {
  let listeners = watched.get(connection)
  if (listeners === undefined) {
    listeners = new Set()
    watched.set(connection, listeners)
    void read(connection, listeners)
  }
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Never rejects. */
async function read(connection: NatsConnection, listeners: Set<ConnectionListener>): Promise<void> {
  for await (const status of connection.status()) {
    for (const listener of listeners) {
      if (status.type === 'disconnect') listener.onDisconnect()
      else if (status.type === 'reconnect') listener.onReconnect()
      else if (status.type === 'close') listener.onClose()
      else if (status.type === 'error') tellOfError(listener, status.error)
    }
  }
}

function tellOfError({ onRefused, onTooManySubscriptions }: ConnectionListener, error: Error): void {
  if (TOO_MANY_SUBSCRIPTIONS.test(error.message)) onTooManySubscriptions(error)
  // A subscription that is not allowed hears of it itself.
  else if (error instanceof PermissionViolationError && error.operation === 'publish') onRefused(error.subject, error)
}
