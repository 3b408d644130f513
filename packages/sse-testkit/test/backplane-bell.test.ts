import { describe } from '@jest/globals'
import { BellBroker, type Ringing } from '../../sse-core/test/bell-broker.js'
import { testContractOf } from './brokers/local-broker.js'

// With `LogFollowers`, any log with a bell keeps the contract, however unreliable its bell is.
describe.each<[string, readonly Ringing[]]>([
  ['the new entries', ['news']],
  ['only empty notifications', ['bare']],
  ['entries, repeated, lost, empty and late notifications', ['news', 'twice', 'lost', 'bare', 'late', 'news', 'lost']],
])('with a bell that delivers %s', (_what, bells) => {
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
