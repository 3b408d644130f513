import { describe } from '@jest/globals'
import { BellBroker, type Ringing } from '../../sse-core/test/bell-broker.js'
import { testContractOf } from './brokers/local-broker.js'

// Any log with a bell keeps the contract by `LogFollowers`, whatever its bell is worth.
describe.each<[string, readonly Ringing[]]>([
  ['news', ['news']],
  ['no news, only that there are some', ['bare']],
  ['all sorts of things', ['news', 'twice', 'lost', 'bare', 'late', 'news', 'lost']],
])('with a bell that brings %s', (_what, bells) => {
  testContractOf((maxEvents = 20_000) => {
    const broker = new BellBroker(maxEvents)
    let rung = 0
    broker.ringing = () => {
      rung += 1
      return bells[rung % bells.length] as Ringing
    }
    return broker
  })
})
