import { SlowBroker } from '../../sse-core/test/slow-broker.js'
import { testContractOf } from './brokers/local-broker.js'

// A second implementation, which is always asynchronous: the contract must not pass only because memory is synchronous.
testContractOf((maxEvents) => new SlowBroker(maxEvents))
