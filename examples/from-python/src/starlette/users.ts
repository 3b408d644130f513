import { setTimeout as sleep } from 'node:timers/promises'

/** A stand-in for a database driver: its rows take time, and its sessions have to be closed. */
export interface Database {
  connect(): Promise<Session>
  /** Sessions that are open now. */
  openSessions: number
  /** Calls to `close()` so far. */
  closeCalls: number
}

interface Session {
  select<Row>(table: string, options: { readonly signal: AbortSignal }): AsyncIterable<Row>
  close(): Promise<void>
}

export interface User {
  readonly id: number
  readonly name: string
}

const users: readonly User[] = [
  { id: 1, name: 'Ada' },
  { id: 2, name: 'Grace' },
  { id: 3, name: 'Katherine' },
]

export function openDatabase(): Database {
  const database: Database = {
    openSessions: 0,
    closeCalls: 0,
    async connect() {
      database.openSessions += 1
      return {
        async *select<Row>(_table: string, { signal }: { readonly signal: AbortSignal }) {
          for (const user of users) {
            yield user as Row
            await sleep(1_000, undefined, { signal })
          }
        },
        async close() {
          database.openSessions -= 1
          database.closeCalls += 1
        },
      }
    },
  }
  return database
}
