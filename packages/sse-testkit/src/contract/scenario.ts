import { Stage } from './stage.js'
import type { AdapterTraits, StartServer } from './subject.js'

/** A runner's `test`: Jest's, Vitest's, `node:test`'s. */
export type Test = (name: string, run: () => Promise<void>) => unknown

/** Registers one scenario. */
export type Scenario = (name: string, run: (stage: Stage) => Promise<void>) => void

/** What the scenarios of one file get. */
export interface Script {
  readonly scenario: Scenario
  readonly traits: AdapterTraits
}

/** Registers scenarios with a test runner; each gets its own stage, which ends with it. */
export function scenarioOn(test: Test, start: StartServer, traits: AdapterTraits): Scenario {
  return (name, run) => {
    test(name, async () => {
      const stage = new Stage(start, traits)
      try {
        await run(stage)
      } finally {
        await stage.end()
      }
    })
  }
}
