import { type NatsConnection, PermissionViolationError } from '@nats-io/transport-node'

/** The server's error beyond `max_subscriptions` of a connection. It does not name the subscription. */
const TOO_MANY_SUBSCRIPTIONS = /maximum subscriptions exceeded/i

export interface ConnectionListener {
  readonly onDisconnect: () => void
  readonly onReconnect: () => void
  /** The connection will not come back. */
  readonly onClose: () => void
  /** The user may not publish to the subject. Publishes to it get no answer. */
  readonly onRefused: (subject: string, error: Error) => void
  /** The server has just refused a subscription. */
  readonly onTooManySubscriptions: (error: Error) => void
}

const watched = new WeakMap<NatsConnection, Set<ConnectionListener>>()

/**
 * Calls the listener with changes of a connection until the returned function is called. All listeners of a connection
 * share one reader of its status. The client cannot stop such a reader, which lasts as long as the connection.
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
  // The client reports a forbidden subscription to that subscription itself.
  else if (error instanceof PermissionViolationError && error.operation === 'publish') onRefused(error.subject, error)
}
