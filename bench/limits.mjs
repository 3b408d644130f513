import { readFileSync } from 'node:fs'

/** How many files a process has open besides its streams. */
const OTHER_FILES = 200
/** Ports that have just been used, which the kernel may not assign again at once. */
const OTHER_PORTS = 4_000

/** If fewer streams are possible than wanted, their number is a multiple of this. */
const ROUND = 500

/** How many files and sockets a process may open; Node raises its soft limit to the hard one by itself. */
export function maxOpenFiles() {
  const [, hard] = /Max open files\s+\S+\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
}

/** How many streams of one server to one address this machine allows, the same as a round number, and the limit. */
export function streamLimit() {
  const [first = 0, last = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t').map(Number)
  const byFiles = maxOpenFiles() - OTHER_FILES
  const byPorts = last - first - OTHER_PORTS
  const max = Math.min(byFiles, byPorts)
  const remedy =
    byFiles < byPorts
      ? `a process may open ${maxOpenFiles()} files here (\`ulimit -Hn\`)`
      : `an address has ${last - first} ports here (\`net.ipv4.ip_local_port_range\`)`
  return { max, roundMax: Math.floor(max / ROUND) * ROUND, remedy }
}
