import { SlowBroker } from '../../sse-core/test/slow-broker.js'
import { testContractOf } from './brokers/local-broker.js'

// A second implementation, which does nothing within the call: what passes here is not what memory happens to do.
testContractOf((maxEvents) => new SlowBroker(maxEvents))
