import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Starts to listen on a port. */
export type Listen = (port: number) => Server | Promise<Server>

/** Listens on the port, or on any free one if it is taken: `npm start` must work whatever else runs on this machine. */
export async function listenOn(port: number, listen: Listen): Promise<Server> {
  try {
    return await listening(listen, port)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    return listening(listen, 0)
  }
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

async function listening(listen: Listen, port: number): Promise<Server> {
  const server = await listen(port)
  if (!server.listening) await once(server, 'listening')
  return server
}
