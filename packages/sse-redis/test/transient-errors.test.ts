import { expect, test } from '@jest/globals'
import { isTransient } from '../src/transient-errors.js'

// Errors of servers that the tests do not run: Redis 6.2, for a command within a script.
const call = 'ERR Error running script (call to f_1028a5dba704e1d8a01fd96efeba25bb78f62df2): @user_script:58: '
const readonly = "-READONLY You can't write against a read only replica."

test.each<[what: string, message: string]>([
  ['a replica', `@user_script: 58: ${readonly}  `],
  ['a replica that the script did not catch', `${call}@user_script: 58: ${readonly}`],
  ['a server without its replicas', '@user_script: 58: -NOREPLICAS Not enough good replicas to write.  '],
  [
    'a replica with Redis 7',
    "READONLY You can't write against a read only replica. script: 1028a5, on @user_script:58.",
  ],
  ['a refused connection', 'connect ECONNREFUSED 127.0.0.1:6379'],
  ['a closed client', 'Connection is closed.'],
])('isTransient() is true for the error of %s', (_what, message) => {
  expect(isTransient(new Error(message))).toBe(true)
})

test.each<[what: string, message: string]>([
  ['full memory', "@user_script: 58: -OOM command not allowed when used memory > 'maxmemory'.  "],
  ['full memory that the script did not catch', `${call}@user_script: 58: -OOM command not allowed when used memory`],
  ['a disk that fails', '@user_script: 58: -MISCONF Redis is configured to save RDB snapshots, but it'],
  [
    'a user without permission',
    "@user_script: 58: The user executing the script can't publish to the channel mentioned in",
  ],
  ['a key of another type', `${call}WRONGTYPE Operation against a key holding the wrong kind of value`],
  [
    'full memory with Redis 7',
    "OOM command not allowed when used memory > 'maxmemory'. script: 1028a5, on @user_script:58.",
  ],
])('isTransient() is false for the error of %s', (_what, message) => {
  expect(isTransient(new Error(message))).toBe(false)
})
